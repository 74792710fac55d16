"""What the child process can do with a trained model."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from lamina import run as training_run
from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec
from lamina.errors import DatasetError
from lamina.model import Model
from lamina.saving import load_model
from lamina.text import Text
from lamina_studio.runs.numbers import to_wire

BATCH_SIZE = 256


def perform(request: dict[str, Any]) -> Any:
    """Do what a request asks for."""
    operations: dict[str, Callable[[dict[str, Any]], Any]] = {
        "predict": predict,
        "evaluate": evaluate,
    }
    return operations[request["operation"]](request)


def predict(request: dict[str, Any]) -> dict[str, Any]:
    """Outputs of the model for given samples.

    Raises:
        DatasetError: If the samples do not fit the model.
    """
    model: Any = _load(request["model"])
    spec = _dataset(request["training"])
    arrays = _arrays(model, spec, request["inputs"])
    samples = arrays if len(arrays) > 1 else arrays[0]
    outputs = model.predict(samples, batch_size=BATCH_SIZE, verbose=0)
    if len(model.output_names) == 1:
        outputs = [outputs]
    target = None if spec is None else spec.target
    return {
        "outputs": {
            name: _wire(np.asarray(values))
            for name, values in zip(model.output_names, outputs, strict=True)
        },
        "classes": list(target.classes) if isinstance(target, ClassTarget) else None,
    }


def evaluate(request: dict[str, Any]) -> dict[str, Any]:
    """Scores of the model on a part of the data that it was trained with."""
    model = _load(request["model"])
    scores = training_run.evaluate(model, request["training"], split=request["split"])
    return {
        "loss": to_wire(scores.loss),
        "metrics": {key: to_wire(value) for key, value in scores.metrics.items()},
        "n": scores.n,
    }


@lru_cache(maxsize=1)
def _load(path: str) -> Model:
    # A run's model is written once, so its path stands for its content.
    return load_model(path)


def _dataset(training: dict[str, Any]) -> DatasetSpec | None:
    name = training["dataset"]["id"]
    return DATASETS.get(name) if name in DATASETS else None


def _arrays(
    model: Model, spec: DatasetSpec | None, inputs: list[Any] | dict[str, list[Any]]
) -> list[np.ndarray]:
    names = list(model.input_names)
    if isinstance(inputs, list):
        if len(names) != 1:
            raise DatasetError(
                Text(
                    f"The model has several inputs; give one array for each of {', '.join(names)}.",
                    f"模型有多个输入，请为每个输入各给一个数组：{'、'.join(names)}。",
                )
            )
        inputs = {names[0]: inputs}
    if set(inputs) != set(names):
        raise DatasetError(
            Text(
                f"The inputs are {', '.join(sorted(inputs)) or 'empty'}; "
                f"the model needs {', '.join(names)}.",
                f"收到的输入为 {'、'.join(sorted(inputs)) or '空'}；模型需要 {'、'.join(names)}。",
            )
        )
    shapes = [tuple(symbol.shape[1:]) for symbol in model.inputs]
    return [
        _array(name, shape, spec, inputs[name]) for name, shape in zip(names, shapes, strict=True)
    ]


def _array(
    name: str, shape: tuple[int | None, ...], spec: DatasetSpec | None, samples: list[Any]
) -> np.ndarray:
    array = _numbers(name, samples)
    if len(array) == 0:
        raise DatasetError(
            Text(
                f'There are no samples for "{name}": give at least one, of the shape {_shown(shape)}.',
                f"“{name}” 没有样本：请至少给出一个，形状为 {_shown(shape)}。",
            )
        )
    if spec is not None and _is_raw(spec, array):
        return spec.prepare(array)
    if shape[-1:] == (1,) and _fits(array.shape[1:], shape[:-1]):
        array = array[..., None]  # a grey picture may come without its channel axis
    if not _fits(array.shape[1:], shape):
        raise DatasetError(
            Text(
                f'A sample for "{name}" must have the shape {_shown(shape)}; '
                f"these are {_shown(array.shape)} all together.",
                f"“{name}” 的每个样本形状应为 {_shown(shape)}；收到的总形状为 "
                f"{_shown(array.shape)}。",
            )
        )
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _numbers(name: str, samples: list[Any]) -> np.ndarray:
    try:
        array = np.asarray(samples)
    except ValueError:  # lists of different lengths
        array = np.asarray("")
    if array.dtype.kind not in "buif":
        raise DatasetError(
            Text(
                f'The samples for "{name}" must be numbers in arrays of equal length.',
                f"“{name}” 的样本必须是由数字组成的等长数组。",
            )
        )
    return array


def _is_raw(spec: DatasetSpec, array: np.ndarray) -> bool:
    """Whether these are pixels as they are stored: whole numbers that reach beyond 1."""
    return (
        spec.kind == "image"
        and array.size > 0
        and bool(array.max() > 1)
        and bool((array == np.floor(array)).all())
    )


def _fits(got: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(got) == len(wanted) and all(
        size is None or size == other for other, size in zip(got, wanted, strict=True)
    )


def _shown(shape: tuple[int | None, ...]) -> str:
    return " × ".join("any" if size is None else str(size) for size in shape) or "()"


def _wire(values: np.ndarray) -> Any:
    if np.isfinite(values).all():
        return values.tolist()
    return _finite(values.tolist())


def _finite(values: Any) -> Any:
    return [_finite(value) for value in values] if isinstance(values, list) else to_wire(values)
