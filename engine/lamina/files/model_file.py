"""Whole models in files: write one, read one. What is read is checked before anything is built.

Reading gives a `ModelFile`, a plain value; `lamina.saving` makes a model of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np

from lamina.errors import FileFormatError, NotSupportedError
from lamina.files.archive import Archive, is_archive, replacing, write_archive
from lamina.files.compiled import NotPortableError
from lamina.files.graph_to_keras import model_to_keras
from lamina.files.hdf5 import Reader, Writer, is_hdf5, open_reader
from lamina.files.keras_objects import as_mapping, layer_from_keras, layer_to_keras, refuse, short
from lamina.files.legacy_file import WEIGHTS as LEGACY_WEIGHTS
from lamina.files.legacy_file import read_legacy, write_model, write_weights
from lamina.files.legacy_weights import (
    is_legacy,
    paired_by_name,
    paired_by_order,
    read_pairs,
)
from lamina.files.paths import as_path, existing, need_place, other_kind
from lamina.files.state import read_assets, write_assets
from lamina.files.topology import ReadModel, is_graph, model_from_keras
from lamina.files.vocabularies import with_vocabularies
from lamina.files.weights import check_layers, read_arrays, read_given, read_state, write_state
from lamina.layer.stored import is_own
from lamina.layer.weights import weight_budget
from lamina.network import Network
from lamina.operation import Op
from lamina.optimizers import Optimizer
from lamina.saving_registry import serialize_keras_object
from lamina.text import Text
from lamina.training.loss_nest import needs_tuples

KERAS_VERSION = "3.0.0"
"""The first Keras that reads these files."""
OPTIMIZER = "optimizer"


@dataclass(frozen=True)
class ModelFile:
    """What a file holds of a model that is a graph, checked.

    Args:
        read: The layers and links.
        weights: Arrays in Keras' layout and order by node id, for each node that owns weights that the graph describes;
            the other layers have theirs already.
        compile_config: Keras' form of what `compile` was given; None for a model not compiled.
        optimizer_state: The optimizer's arrays in the file's order; empty when there are none.
    """

    read: ReadModel
    weights: Mapping[str, Sequence[np.ndarray[Any, Any]]]
    compile_config: Mapping[str, Any] | None
    optimizer_state: Sequence[np.ndarray[Any, Any]]


# ---------------------------------------------------------------------------------------------
# write


def save_model(
    model: Network,
    path: str | Path,
    overwrite: bool = True,
    zipped: bool | None = None,
    include_optimizer: bool = True,
    save_format: str | None = None,
) -> None:
    """Save a model as `.keras`, or as `.h5` for older tools; real Keras 3 reads both.

    The file holds the layers and weights, and, when the model is compiled, how it was compiled and
    the optimizer's state, so that training can go on. It appears under its name only when it is complete.

    Args:
        model: A built model.
        path: Name of the file; its ending chooses the format.
        overwrite: Whether to replace a file that is there.
        zipped: Taken for the sake of Keras scripts; False, a folder of files, is refused.
        include_optimizer: False leaves out how it was compiled and the optimizer's state.
        save_format: Of Keras 2; the ending of the name decides, and this is left aside with a warning.

    Raises:
        FileFormatError: If the name ends otherwise.
        MissingFileError: If its folder does not exist.
        FileExistsError: If it exists and may not be replaced.
    """
    if zipped is False:
        raise NotSupportedError(
            Text(
                "save(zipped=False): a model is written as one file. Leave zipped out.",
                "save(zipped=False)：模型总是写为一个文件。请省略 zipped。",
            )
        )
    path = _target(path, (".keras", ".h5", ".hdf5"), overwrite)
    if save_format is not None:
        warnings.warn(
            f"save_format={save_format!r} is left aside: {path.name} is written as its ending says.",
            stacklevel=3,
        )
    _need_built(model)
    is_legacy_format = path.suffix != ".keras"
    if is_legacy_format and model.inner_graph is None:
        raise FileFormatError(
            Text(
                f'"{model.name}" ({type(model).__name__}) has a call of its own, which an .h5 file cannot hold. Save it '
                "as .keras, or its weights with save_weights.",
                f"“{model.name}”（{type(model).__name__}）有自定义的 call，.h5 文件无法保存。请保存为 .keras，或用 save_weights 保存权重。",
            )
        )
    config = model_config(model)
    config.pop("compile_config", None)
    compiled = compile_config_of(model) if include_optimizer else None
    if is_legacy_format:
        with replacing(path) as file:
            write_model(
                file,
                config=config,
                compile_config=compiled,
                layers=[layer for layer in model.layers if not isinstance(layer, Op)],
                optimizer_state=[] if compiled is None else _state_for_file(model),
                keras_version=KERAS_VERSION,
            )
        return
    if compiled is not None:
        config["compile_config"] = compiled
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": datetime.now(UTC).strftime("%Y-%m-%d@%H:%M:%S"),
        "lamina_version": version("lamina"),
    }
    write_archive(
        path,
        config=config,
        metadata=metadata,
        write_weights=lambda file: _write_weights(model, file, include_optimizer),
        assets=write_assets(model),
    )


def model_config(model: Network) -> dict[str, Any]:
    """Keras' form of a built model, without its weights."""
    return layer_to_keras(model) if is_own(type(model)) else model_to_keras(model)


def compile_config_of(model: Network) -> dict[str, Any] | None:
    """What the model says of how it was compiled; None where it was not, or where it cannot be written down."""
    if model.__dict__.get("trainer") is None:
        return None
    try:
        config = model.get_compile_config()
    except NotPortableError as reason:
        warnings.warn(
            f"{reason} is a lambda or has no get_config, so the file does not say how the model was compiled. "
            "Call compile after loading it.",
            stacklevel=4,
        )
        return None
    if config is None:
        return None
    nest = model.__dict__.get("output_nest")
    if nest is not None and needs_tuples(config.get("loss"), nest):
        warnings.warn(
            "A loss takes outputs in a list or tuple at once, and files know lists alone, in which it would mean "
            "something else: the file does not say how the model was compiled. Call compile after loading it.",
            stacklevel=4,
        )
        return None
    return dict(serialize_keras_object(config))


def save_weights(model: Network, path: str | Path, overwrite: bool = True) -> None:
    """Save the weights alone.

    As `.weights.h5`, with the optimizer's state when it is compiled, or as another `.h5` in the older layout
    with a group for each layer's name, which can be loaded by name.

    Raises:
        FileFormatError: If the name does not end in `.h5`.
        FileExistsError: If it exists and may not be replaced.
    """
    path = _target(path, (".weights.h5", ".h5", ".hdf5"), overwrite)
    _need_built(model)
    with replacing(path) as file:
        if path.name.endswith(".weights.h5"):
            _write_weights(model, file)
        else:
            write_weights(file, model.layers, KERAS_VERSION)


def _write_weights(model: Network, file: IO[bytes], include_optimizer: bool = True) -> None:
    with Writer(file) as writer:
        write_state(writer, model)
        optimizer = optimizer_of(model)
        if optimizer is not None and include_optimizer:
            writer.write_vars(OPTIMIZER, _state_for_file(model), name=str(optimizer.name))
            for place, inner in optimizer.inner_optimizers().items():  # Keras has it in both places
                path = f"{OPTIMIZER}/{place}"
                writer.write_vars(path, inner.variables_for_file(), name=str(inner.name))


def optimizer_of(model: Network) -> Optimizer | None:
    """The optimizer of a compiled model."""
    trainer = model.__dict__.get("trainer")
    return None if trainer is None else trainer.optimizer


def _state_for_file(model: Network) -> list[np.ndarray[Any, Any]]:
    optimizer = optimizer_of(model)
    assert optimizer is not None
    method = getattr(type(model), "compile_from_config", None)
    compiles_itself = not str(getattr(method, "__module__", "lamina.")).startswith("lamina.")
    if not optimizer.built and not compiles_itself:  # Keras expects all slots or complains
        optimizer.build(model.trainable_weights)
    return optimizer.variables_for_file()


def _target(path: str | Path, suffixes: tuple[str, ...], overwrite: bool) -> Path:
    path = as_path(path)
    if not path.name.endswith(suffixes):
        raise FileFormatError(
            Text(
                f"The name of the file must end in {' or '.join(suffixes)}, got {path.name}.",
                f"文件名必须以 {' 或 '.join(suffixes)} 结尾，实际为 {path.name}。",
            )
        )
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already. Pass overwrite=True to replace it.")
    need_place(path)
    return path


def _need_built(model: Network) -> None:
    if not model.built:
        raise FileFormatError(
            Text(
                f'"{model.name}" cannot be saved before it knows the shape of its input. Add an Input or call build.',
                f"“{model.name}”尚不知道输入形状，无法保存。请添加 Input 或调用 build。",
            )
        )


# ----------------------------------------------------------------------------------------------
# read


def read_model(path: str | Path, *, compiled: bool = True) -> ModelFile | Network:
    """Read a `.keras` or `.h5` file from anywhere; nothing in it is run and no module it names is imported.

    Args:
        path: The file.
        compiled: Whether a model of a user's class is to be compiled as the file says.

    Returns:
        What the file holds of a model that is a graph; of a user's class the model itself, with its weights.

    Raises:
        FileFormatError: If it is damaged, hostile, or holds something that does not exist here.
        MissingFileError: If there is no such file.
    """
    path = existing(path, "model.keras")
    if is_hdf5(path):
        with weight_budget(path.stat().st_size):
            legacy = read_legacy(path)
        return ModelFile(
            read=legacy.read,
            weights=legacy.weights,
            compile_config=legacy.compile_config,
            optimizer_state=legacy.optimizer_state,
        )
    if not is_archive(path):
        raise other_kind(path)
    with Archive(path) as archive, weight_budget(archive.weights_size):
        config = archive.config()
        if not is_graph(config):
            return _own_model(archive, config, compiled=compiled)
        read = model_from_keras(with_vocabularies(config, archive))
        compile_config = config.get("compile_config")
        with archive.weights() as file, open_reader(file, path) as reader:
            check_layers(reader, read.graph, read.report)
            weights = read_arrays(reader, read.graph, read.report)
            with archive.assets() as assets:
                given = read_given(reader, read.graph, read.report, assets)
            return ModelFile(
                read=read,
                weights=weights,
                # Keras writes an empty object for a model that is not compiled.
                compile_config=as_mapping(compile_config, "compile_config")
                if compile_config
                else None,
                optimizer_state=_optimizer_state(reader, {**weights, "": given}),
            )


def _own_model(archive: Archive, config: Mapping[str, Any], *, compiled: bool) -> Network:
    """The model of a user's class, made, built and compiled by what the class says, with its weights."""
    entry = config if compiled else {k: v for k, v in config.items() if k != "compile_config"}
    model = layer_from_keras(entry).layer
    if not isinstance(model, Network):
        raise refuse(
            f"{archive.path} holds a {short(config.get('class_name'))}, which is no model.",
            f"{archive.path} 中的 {short(config.get('class_name'))} 不是模型。",
        )
    if not model.built:
        raise refuse(
            f'"{model.name}" ({type(model).__name__}) was saved before it knew its input, or cannot be built from what the '
            "file says. Call it once before saving, or write get_build_config and build_from_config.",
            f"“{model.name}”（{type(model).__name__}）保存时尚不知道输入，或无法按文件内容构建。请在保存前调用一次，"
            "或编写 get_build_config 和 build_from_config。",
        )
    with archive.weights() as file, open_reader(file, archive.path) as reader:
        read_state(reader, model)
        with archive.assets() as assets:
            read_assets(model, assets)
        optimizer = optimizer_of(model)
        if optimizer is not None and reader.count_vars(OPTIMIZER):
            weights = {"": model.get_weights()}
            restore_optimizer(optimizer, model, _optimizer_state(reader, weights))
    return model


def _optimizer_state(
    reader: Reader, weights: Mapping[str, Sequence[np.ndarray[Any, Any]]]
) -> list[np.ndarray[Any, Any]]:
    shapes = {array.shape for arrays in weights.values() for array in arrays} | {()}
    # Adafactor keeps the means of rows and of columns.
    shapes |= {shape[:-1] for shape in shapes} | {(*shape[:-2], *shape[-1:]) for shape in shapes}
    count = reader.count_vars(OPTIMIZER)
    # Steps and rate, then a few slots per weight: what any optimizer of Keras keeps.
    if count > 8 + 6 * sum(len(arrays) for arrays in weights.values()):
        raise refuse(
            f"{reader.path}: the optimizer has {count} arrays, far more than the model's weights explain.",
            f"{reader.path}：优化器包含 {count} 个数组，远超模型权重所需。",
        )
    return [reader.read_one_of(OPTIMIZER, index, shapes) for index in range(count)]


def load_weights(
    model: Network,
    path: str | Path,
    skip_mismatch: bool = False,
    by_name: bool = False,
) -> None:
    """Load weights from a `.weights.h5`, `.keras` or `.h5` file.

    Layers are matched in order, so the model must have the same layers as the one saved. The optimizer's state
    comes along from the first two when the model is compiled and the file has it.

    Args:
        model: A built model.
        path: The file; its content tells the format.
        skip_mismatch: Leave weights of another number or shape as they are, with a warning.
        by_name: Match layers by their names instead, and leave those that the file does not name as they are.
            Only `.h5` files with a group for each name can do this.

    Raises:
        FileFormatError: If the file is damaged or the model has other weights; the model then keeps
            its own.
        MissingFileError: If there is no such file.
    """
    path = existing(path, "model.weights.h5")
    _need_built(model)
    if is_archive(path):
        with Archive(path) as archive, archive.weights() as file, open_reader(file, path) as reader:
            _load_weights(model, reader, skip_mismatch, by_name)
    elif is_hdf5(path):
        with open_reader(path, path) as reader:
            if is_legacy(reader):
                root = LEGACY_WEIGHTS if reader.has(LEGACY_WEIGHTS) else ""
                pair = paired_by_name if by_name else paired_by_order
                pairs = pair(reader, root, model.layers)
                read_pairs(reader, pairs, skip_mismatch=skip_mismatch)
            else:
                _load_weights(model, reader, skip_mismatch, by_name)
    else:
        raise other_kind(path)


def _load_weights(
    model: Network, reader: Reader, skip_mismatch: bool = False, by_name: bool = False
) -> None:
    if by_name:
        raise refuse(
            f"{reader.path} numbers its layers and does not name them, so by_name=True cannot be used with it. "
            "Save the weights under a name that ends in .h5, but not in .weights.h5.",
            f"{reader.path} 只为层编号而不记录名称，无法使用 by_name=True。"
            "请将权重保存为以 .h5（而非 .weights.h5）结尾的文件。",
        )
    read_state(reader, model, skip_mismatch=skip_mismatch)
    optimizer = optimizer_of(model)
    if optimizer is not None and reader.count_vars(OPTIMIZER) and not skip_mismatch:
        weights = {"": model.get_weights()}
        restore_optimizer(optimizer, model, _optimizer_state(reader, weights))


def restore_optimizer(
    optimizer: Optimizer, model: Network, state: Sequence[np.ndarray[Any, Any]]
) -> None:
    """Give the optimizer its state back; that of another kind is left out with a warning."""
    optimizer.build(model.trainable_weights)
    if len(state) <= 2 and not any(array.any() for array in state[:1]):
        return  # saved before the first step, when Keras has no slots yet
    try:
        optimizer.load_from_file(state)
    except ValueError as reason:
        warnings.warn(f"The optimizer starts afresh: {reason}", stacklevel=4)
