"""The public names of Keras that this library has not, each with the reason: the one table of them.

A namespace asks `absent` for the error of a name it does not have, in its `__getattr__`.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping

from lamina.errors import AbsentError
from lamina.older_names import advice_for
from lamina.text import Text

_GROUPS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (
        Text(
            "it runs a function of JAX, and all there is here is torch. Write the layer in torch, or wrap a module in "
            "TorchModuleWrapper.",
            "它运行 JAX 函数，而这里只有 torch。请用 torch 编写该层，或用 TorchModuleWrapper 封装模块。",
        ),
        ("layers.JaxLayer", "layers.FlaxLayer"),
    ),
    (
        Text(
            "it runs a SavedModel of TensorFlow, which needs TensorFlow. Save the model as a .keras file there, and "
            "load that.",
            "它运行 TensorFlow 的 SavedModel，需要 TensorFlow。请在那里将模型另存为 .keras 文件后加载。",
        ),
        ("layers.TFSMLayer",),
    ),
    (
        Text(
            "models are written as .keras and .h5 files, or as source code; see lamina.export.",
            "模型可保存为 .keras 和 .h5 文件，或导出为源代码；见 lamina.export。",
        ),
        ("export.ExportArchive",),
    ),
    (
        Text(
            "a model trains on one device; several are not supported yet.",
            "模型在单个设备上训练；暂不支持多个设备。",
        ),
        ("distribution",),
    ),
    (
        Text(
            "weights are whole fractions here; there is no quantization yet.",
            "权重只有浮点形式；暂不支持量化。",
        ),
        (
            "Quantizer", "quantizers", "dtype_policies.AWQDTypePolicy", "dtype_policies.GPTQDTypePolicy",
            "dtype_policies.Int4DTypePolicy", "dtype_policies.QuantizedDTypePolicy",
            "dtype_policies.QuantizedFloat8DTypePolicy",
        ),
    ),
    (
        Text(
            "write a model whose train_step compares it with the teacher.",
            "请编写一个在 train_step 中与教师模型比较的模型。",
        ),
        ("distillation",),
    ),
    (
        Text(
            "draw with a plotting library.",
            "请使用绘图库。",
        ),
        ("visualization", "utils.bounding_boxes"),
    ),
    (
        Text(
            "it is of Keras 2 and earlier files. The objects of the same name without it are read and written.",
            "它属于 Keras 2 及更早的文件。请使用不带该前缀的同名对象。",
        ),
        ("legacy", "optimizers.legacy", "utils.legacy"),
    ),
    (
        Text(
            "torch keeps its state in the tensors, and nothing is traced; there is no scope to open. Call the layer "
            "or function itself.",
            "torch 的状态保存在张量中，也无需追踪，因此没有可打开的作用域。请直接调用层或函数。",
        ),
        ("StatelessScope", "SymbolicScope", "name_scope"),
    ),
    (
        Text(
            "an op is a function of lamina.ops, and what has weights is a Layer; subclass Layer.",
            "运算是 lamina.ops 中的函数，带权重的是 Layer；请继承 Layer。",
        ),
        ("Operation",),
    ),
    (
        Text(
            "make a Model of the same inputs and outputs.",
            "请用相同的输入和输出创建 Model。",
        ),
        ("Function",),
    ),
    (
        Text(
            "it is an internal part of Keras and has no public interface.",
            "它是 Keras 的内部实现，没有公开接口。",
        ),
        ("src", "backend.get_uid"),
    ),
    (
        Text(
            "use the layers Normalization, Discretization, StringLookup and CategoryEncoding on the columns, and "
            "Concatenate.",
            "请对各列使用 Normalization、Discretization、StringLookup、CategoryEncoding 等层，再用 Concatenate 合并。",
        ),
        ("utils.FeatureSpace",),
    ),
    (
        Text(
            "code in a file is never run, and this cannot be switched off. Register the classes that a file needs.",
            "文件中的代码不会被执行，且无法关闭此限制。请注册文件所需的类。",
        ),
        ("config.enable_unsafe_deserialization",),
    ),
    (
        Text("NNX is of JAX, and all there is here is torch.", "NNX 属于 JAX，而这里只有 torch。"),
        ("config.is_nnx_enabled",),
    ),
    (
        Text(
            "give fit the epochs and steps_per_epoch that it should run.",
            "请通过 fit 的 epochs 和 steps_per_epoch 指定训练长度。",
        ),
        (
            "config.max_epochs", "config.set_max_epochs", "config.max_steps_per_epoch",
            "config.set_max_steps_per_epoch",
        ),
    ),
    (
        Text(
            "open the file with load_model, change the weights and save it again.",
            "请用 load_model 打开文件，修改权重后重新保存。",
        ),
        ("saving.KerasFileEditor",),
    ),
    (
        Text(
            "this architecture is not here yet; those that are: MobileNetV2, ResNet50, VGG16, EfficientNetB0.",
            "尚未提供该架构；已有：MobileNetV2、ResNet50、VGG16、EfficientNetB0。",
        ),
        (
            *(f"applications.efficientnet.EfficientNetB{size}" for size in range(1, 8)),
            "applications.resnet.ResNet101",
            "applications.resnet.ResNet152",
            *(
            f"applications.{name}"
            for name in (
                "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge", "DenseNet121",
                "DenseNet169", "DenseNet201", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4",
                "EfficientNetB5", "EfficientNetB6", "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1",
                "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S",
                "InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV3Large", "MobileNetV3Small",
                "NASNetLarge", "NASNetMobile", "ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2", "ResNet50V2",
                "VGG19", "Xception", "convnext", "densenet", "efficientnet_v2", "inception_resnet_v2",
                "inception_v3", "mobilenet", "mobilenet_v3", "nasnet", "resnet_v2", "vgg19", "xception",
            )
            ),
        ),
    ),
    (
        Text(
            "this layer does not exist here yet. Prepare the data before the model instead.",
            "该层尚不存在。请在模型之前处理数据。",
        ),
        ("layers.MaxNumBoundingBoxes",),
    ),
    (
        Text("give each layer its dtype.", "请为每个层指定 dtype。"),
        ("dtype_policies.DTypePolicyMap",),
    ),
)  # fmt: skip

REFUSED: Mapping[str, Text] = {name: reason for reason, names in _GROUPS for name in names}
"""Names, without `keras.` in front, and why they are not here."""


def refusal(path: str) -> AbsentError | None:
    """The error for a public name of Keras, of now or of before, without `keras.` in front; None for other names."""
    reason = REFUSED.get(path) or advice_for(path)
    return None if reason is None else refuse(path, reason)


def refuse(path: str, reason: Text) -> AbsentError:
    """The error for what Keras has, a name or an option of it, and this library has not."""
    name = f"lamina.{path}"
    return AbsentError(Text(f"{name}: {reason.en}", f"{name}：{reason.zh}"))


def absent(module: str, name: str, close: Iterable[str] = ()) -> Exception:
    """The error of a name that a module does not have: a reason where Keras has it, an AttributeError else.

    Args:
        module: `__name__` of the module.
        name: What was asked for.
        close: Names it has that look like it; found among all when left out.
    """
    _, _, namespace = module.partition(".")
    refused = None
    if not name.startswith("_"):
        refused = refusal(f"{namespace}.{name}" if namespace else name)
    if refused is not None:
        return refused
    close = close or difflib.get_close_matches(name, dir(sys.modules[module]))
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return AttributeError(f"{module} has no {name!r}.{hint}")
