"""Names of Keras 1 and 2 that Keras 3 no longer has, with what to use instead: old scripts, books and answers have them.

Everything is a path without `keras.` in front. `refused` looks here for names that are not in its own table.
"""

from __future__ import annotations

from collections.abc import Mapping

from lamina.text import Text

MOVED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "engine", "engine.base_layer", "engine.input_layer", "engine.topology", "layers.advanced_activations",
            "layers.convolutional", "layers.convolutional_recurrent", "layers.core", "layers.embeddings",
            "layers.experimental", "layers.experimental.preprocessing", "layers.merge", "layers.noise",
            "layers.normalization", "layers.pooling", "layers.recurrent", "layers.wrappers",
        ),
        "layers",
    ),
    **dict.fromkeys(("engine.training", "engine.sequential", "engine.functional"), "models"),
    **dict.fromkeys(
        (
            "utils.conv_utils", "utils.data_utils", "utils.generic_utils", "utils.io_utils", "utils.layer_utils",
            "utils.np_utils", "utils.vis_utils",
        ),
        "utils",
    ),
    **dict.fromkeys(
        (
            "optimizers.adam_v2", "optimizers.experimental", "optimizers.gradient_descent_v2", "optimizers.nadam_v2",
            "optimizers.rmsprop_v2",
        ),
        "optimizers",
    ),
    "callbacks.callbacks": "callbacks",
    "callbacks.experimental": "callbacks",
    "initializations": "initializers",
    "objectives": "losses",
    "saving.hdf5_format": "saving",
    "saving.saved_model": "saving",
}  # fmt: skip
"""Modules whose names are in another one now."""

RENAMED: Mapping[str, str] = {
    "Model.evaluate_generator": "evaluate",
    "Model.fit_generator": "fit",
    "Model.predict_generator": "predict",
    "Model.predict_proba": "predict",
    "Model.to_yaml": "to_json",
    "backend.batch_dot": "ops.einsum",
    "backend.batch_flatten": "layers.Flatten",
    "backend.batch_set_value": "Variable.assign",
    "backend.bias_add": "ops.add",
    "backend.cast_to_floatx": "ops.cast",
    "backend.constant": "ops.convert_to_tensor",
    "backend.count_params": "ops.size",
    "backend.dropout": "random.dropout",
    "backend.eval": "ops.convert_to_numpy",
    "backend.flatten": "ops.ravel",
    "backend.gather": "ops.take",
    "backend.get_value": "ops.convert_to_numpy",
    "backend.image_dim_ordering": "backend.image_data_format",
    "backend.in_train_phase": "layers.Layer, whose call takes training",
    "backend.int_shape": "the attribute shape",
    "backend.l2_normalize": "ops.normalize",
    "backend.permute_dimensions": "ops.transpose",
    "backend.placeholder": "Input",
    "backend.pool2d": "ops.max_pool",
    "backend.random_binomial": "random.binomial",
    "backend.random_normal": "random.normal",
    "backend.random_normal_variable": "random.normal",
    "backend.random_uniform": "random.uniform",
    "backend.repeat_elements": "ops.repeat",
    "backend.resize_images": "ops.image.resize",
    "backend.reverse": "ops.flip",
    "backend.rnn": "layers.RNN",
    "backend.set_image_dim_ordering": "backend.set_image_data_format",
    "backend.set_value": "Variable.assign",
    "backend.switch": "ops.where",
    "backend.temporal_padding": "ops.pad",
    "backend.to_dense": "ops.convert_to_tensor",
    "backend.truncated_normal": "random.truncated_normal",
    "backend.update": "Variable.assign",
    "backend.update_add": "Variable.assign_add",
    "backend.update_sub": "Variable.assign_sub",
    "backend.variable": "Variable",
    "constraints.maxnorm": "constraints.MaxNorm",
    "constraints.nonneg": "constraints.NonNeg",
    "constraints.unitnorm": "constraints.UnitNorm",
    "layers.AtrousConvolution1D": "layers.Conv1D with dilation_rate",
    "layers.AtrousConvolution2D": "layers.Conv2D with dilation_rate",
    "layers.CuDNNGRU": "layers.GRU",
    "layers.CuDNNLSTM": "layers.LSTM",
    "layers.Deconvolution2D": "layers.Conv2DTranspose",
    "layers.Deconvolution3D": "layers.Conv3DTranspose",
    "layers.DenseFeatures": "layers.Concatenate of preprocessed inputs",
    "layers.Merge": "layers.Add, Concatenate and the other merging layers",
    "layers.RandomHeight": "layers.RandomZoom",
    "layers.RandomWidth": "layers.RandomZoom",
    "layers.ThresholdedReLU": "layers.ReLU with threshold",
    "losses.cosine_proximity": "losses.cosine_similarity",
    "models.model_from_config": "models.Model.from_config",
    "models.model_from_yaml": "models.model_from_json",
    "preprocessing.image.DirectoryIterator": "utils.image_dataset_from_directory",
    "preprocessing.image.ImageDataGenerator": (
        "utils.image_dataset_from_directory for the files, layers.Rescaling, and layers such as RandomFlip, "
        "RandomRotation, RandomZoom and RandomTranslation in the model"
    ),
    "preprocessing.image.NumpyArrayIterator": "Model.fit, which takes arrays",
    "preprocessing.image.apply_affine_transform": "ops.image.affine_transform",
    "preprocessing.image.random_brightness": "layers.RandomBrightness",
    "preprocessing.image.random_channel_shift": "layers.RandomColorJitter",
    "preprocessing.image.random_rotation": "layers.RandomRotation",
    "preprocessing.image.random_shear": "layers.RandomShear",
    "preprocessing.image.random_shift": "layers.RandomTranslation",
    "preprocessing.image.random_zoom": "layers.RandomZoom",
    "preprocessing.sequence.TimeseriesGenerator": "utils.timeseries_dataset_from_array",
    "preprocessing.text": (
        "layers.TextVectorization for splitting texts and numbering words, layers.Hashing for hashing them"
    ),
    "preprocessing.timeseries": "utils.timeseries_dataset_from_array",
    "regularizers.WeightRegularizer": "regularizers.L1L2",
    "regularizers.activity_l1": "regularizers.L1 as activity_regularizer",
    "regularizers.activity_l1l2": "regularizers.L1L2 as activity_regularizer",
    "regularizers.activity_l2": "regularizers.L2 as activity_regularizer",
    "regularizers.l1l2": "regularizers.L1L2",
    "utils.GeneratorEnqueuer": "utils.PyDataset with workers",
    "utils.OrderedEnqueuer": "utils.PyDataset with workers",
    "wrappers.scikit_learn": "wrappers.SKLearnClassifier and SKLearnRegressor",
}
"""What stands under another name now, without `lamina.` in front."""

GONE: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (
        Text(
            "everything is computed at once here, without graphs and sessions. Leave it out.",
            "这里的计算立即执行，没有图和会话。请省略。",
        ),
        (
            "backend.clear_learning_phase", "backend.get_session", "backend.manual_variable_initialization",
            "backend.name_scope", "backend.set_session", "backend.tensorflow_backend", "backend.tf",
        ),
    ),
    (
        Text(
            "whether a call trains is its argument: layer(x, training=True).",
            "是否处于训练由调用参数决定：layer(x, training=True)。",
        ),
        ("backend.learning_phase", "backend.learning_phase_scope", "backend.set_learning_phase"),
    ),
    (
        Text(
            "make a Model of these inputs and outputs, and call it.",
            "请用这些输入和输出创建 Model 并调用它。",
        ),
        ("backend.function",),
    ),
    (
        Text(
            "use lamina.autodiff: GradientTape, or grad of a function.",
            "请使用 lamina.autodiff：GradientTape，或对函数求 grad。",
        ),
        ("backend.gradients",),
    ),
    (
        Text("names are numbered anew by clear_session.", "调用 clear_session 会重新编号名称。"),
        ("backend.reset_uids",),
    ),
    (
        Text(
            "call predict, and take the largest entry: model.predict(x).argmax(-1); for one sigmoid unit "
            "model.predict(x) > 0.5.",
            "请调用 predict 并取最大项：model.predict(x).argmax(-1)；单个 sigmoid 单元用 model.predict(x) > 0.5。",
        ),
        ("Model.predict_classes",),
    ),
    (
        Text(
            "no layer of Keras 3 does this. Write it as a layer of your own: subclass Layer, with build and call.",
            "Keras 3 没有此层。请继承 Layer 并编写 build 和 call，作为自定义层。",
        ),
        ("layers.Highway", "layers.LocallyConnected1D", "layers.LocallyConnected2D", "layers.MaxoutDense", "layers.local"),
    ),
    (
        Text(
            "pairs of words are made with numpy, before the model.",
            "请在模型之前用 numpy 生成词对。",
        ),
        ("preprocessing.sequence.make_sampling_table", "preprocessing.sequence.skipgrams"),
    ),
    (
        Text(
            "write it as text: \"sum_over_batch_size\", \"sum\" or \"none\".",
            "请写成文本：\"sum_over_batch_size\"、\"sum\" 或 \"none\"。",
        ),
        ("losses.Reduction",),
    ),
    (
        Text(
            "a model trains on one device; several are not supported yet.",
            "模型在单个设备上训练；暂不支持多个设备。",
        ),
        ("utils.multi_gpu_model",),
    ),
    (
        Text(
            "estimators, premade models and feature columns are of TensorFlow. Build a Model, with preprocessing layers "
            "on its inputs.",
            "估计器、预制模型和特征列属于 TensorFlow。请创建 Model，并在输入上使用预处理层。",
        ),
        ("estimator", "experimental", "feature_column", "premade_models"),
    ),
    (
        Text("optimizers are those of lamina.optimizers.", "优化器均在 lamina.optimizers 中。"),
        ("optimizers.TFOptimizer",),
    ),
)  # fmt: skip
"""What has no successor of one name, with what to do."""

ARGUMENTS: Mapping[str, Text] = {
    "nb_epoch": Text("It is called epochs now.", "现名为 epochs。"),
    "nb_val_samples": Text("Give validation_steps.", "请使用 validation_steps。"),
    "samples_per_epoch": Text("Give steps_per_epoch.", "请使用 steps_per_epoch。"),
    "show_accuracy": Text(
        'Give compile metrics=["accuracy"].', '请在 compile 中使用 metrics=["accuracy"]。'
    ),
    **dict.fromkeys(
        ("workers", "use_multiprocessing", "max_queue_size"),
        Text("It is an argument of PyDataset.", "它是 PyDataset 的参数。"),
    ),
    "sample_weight_mode": Text(
        "Leave it out: the shape of sample_weight says it.", "请省略：由 sample_weight 的形状决定。"
    ),
}
"""Arguments of methods of a model that Keras 3 no longer has."""


def advice_for(path: str) -> Text | None:
    """What to use in place of an older name; None for other names."""
    if path in MOVED:
        return _moved(path, "…")
    if path in RENAMED:
        new = RENAMED[path]
        target = new if path.startswith("Model.") or new.startswith("the ") else f"lamina.{new}"
        return Text(
            f"it is of older versions of Keras. Use {target}.",
            f"它属于旧版 Keras。请使用 {target}。",
        )
    for reason, names in GONE:
        if path in names:
            return Text(
                f"it is of older versions of Keras: {reason.en}", f"它属于旧版 Keras：{reason.zh}"
            )
    module, _, name = path.rpartition(".")
    if not module:
        return None
    # Some of these folders are here, with modules in them, whose names are small.
    if module in MOVED:
        return _moved(module, name) if name[:1].isupper() else None
    return advice_for(module)


def _moved(module: str, name: str) -> Text:
    new = MOVED[module]
    return Text(
        f"it is of older versions of Keras. Write: from lamina.{new} import {name}",
        f"它属于旧版 Keras。请写：from lamina.{new} import {name}",
    )
