"""Normalization: features brought to mean 0 and variance 1 by what was seen before training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import BeforeValidator, WithJsonSchema
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.fields import Int, Issue, field
from lamina.initializers import Ones, Zeros
from lamina.layer import Layer, Shape, Weight, layer, need_known, shape_text
from lamina.layers.preprocessing.adapting import batches_of, is_array
from lamina.layers.preprocessing.numbers_field import Numbers
from lamina.text import Text

LEAST_DEVIATION = 1e-7
"""What is divided by at least: Keras' epsilon."""
GIVEN = ("mean", "variance")


def _axes(value: Any) -> Any:
    if value is None:
        return ()
    return (value,) if hasattr(value, "__index__") else tuple(value)


FeatureAxes = Annotated[
    tuple[Int, ...],
    BeforeValidator(_axes),
    WithJsonSchema({"type": "array", "items": {"type": "integer"}, "x-widget": "shape"}),
]
"""Axes with the batch counted; one number stands for a list of one, None for an empty list."""


@layer(
    group="preprocessing",
    summary=Text(
        "Mean 0 and variance 1, by data seen before.", "按预先统计的均值和方差对特征归一化。"
    ),
)
class Normalization(Layer):
    """(x - mean) / sqrt(variance) for each feature, in training and inference alike.

    Mean and variance are given, or found by `adapt` before training.

    Shapes:
        (batch, …) of any numbers -> the same, float32

    >>> import numpy as np
    >>> norm = Normalization()
    >>> norm.adapt(np.array([[0.0, 7.0], [2.0, 9.0]]))
    >>> norm(np.array([[0.0, 9.0]])).tolist()
    [[-1.0, 1.0]]
    """

    learned_from_data = "input_mean"

    axis: FeatureAxes = field(
        -1,
        doc=Text(
            "Axes whose entries each have a mean of their own; none for one mean of all values.",
            "各自拥有均值的轴；留空则所有数值共用一个均值。",
        ),
        advanced=True,
    )
    mean: Numbers = field(
        None,
        doc=Text(
            "Mean of each feature; adapt finds it when empty.",
            "各特征的均值；留空则由 adapt 统计。",
        ),
    )
    variance: Numbers = field(
        None,
        doc=Text("Variance of each feature, beside the mean.", "各特征的方差，与均值一同给出。"),
    )
    invert: bool = field(
        False,
        doc=Text("Turn normalized values back.", "做相反的变换，还原归一化的数值。"),
        advanced=True,
    )

    supports_masking = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, given in self._given().items():
            values = torch.tensor(given, dtype=torch.float32)
            self.register_buffer(f"_given_{name}", values, persistent=False)

    def __setattr__(self, name: str, value: Any) -> None:
        # What was given is kept aside: as in Keras, `mean` and `variance` are what the layer computes with.
        super().__setattr__(f"input_{name}" if name in GIVEN else name, value)

    def __getattr__(self, name: str) -> Any:
        if name in GIVEN:
            return self._spread(name) if self.__dict__.get("built") else None
        return super().__getattr__(name)

    def _given(self) -> dict[str, Any]:
        given = {name: getattr(self, f"input_{name}") for name in GIVEN}
        return given if self.input_mean is not None else {}

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        mean, variance = values["mean"], values["variance"]
        if (mean is None) != (variance is None):
            missing = "mean" if mean is None else "variance"
            yield _issue(
                missing,
                f"Normalization needs both mean and variance, or neither; {missing} is empty.",
                f"Normalization 的 mean 与 variance 须同时给出或同时留空；缺少 {missing}。",
            )
        elif np.shape(mean) != np.shape(variance):
            yield _issue(
                "variance",
                f"Normalization: mean and variance must have the same shape, got {np.shape(mean)} and "
                f"{np.shape(variance)}.",
                f"Normalization：mean 与 variance 的形状必须相同，实际为 {np.shape(mean)} 和 {np.shape(variance)}。",
            )
        elif variance is not None and np.min(variance) < 0:
            yield _issue(
                "variance",
                f"Normalization: variance must be at least 0, got {float(np.min(variance)):g}. It is the square of the "
                "standard deviation.",
                f"Normalization：variance 必须不小于 0，实际为 {float(np.min(variance)):g}。方差是标准差的平方。",
            )
        elif len(np.shape(mean)) > len(values["axis"]):
            yield _issue(
                "mean",
                f"Normalization: mean has {len(np.shape(mean))} axes, more than the {len(values['axis'])} of axis.",
                f"Normalization：mean 有 {len(np.shape(mean))} 个轴，多于 axis 的 {len(values['axis'])} 个。",
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._given()}

    def node_config(self) -> dict[str, Any]:
        return {**super().node_config(), **self._given()}

    # --- shapes --------------------------------------------------------------------------------------------------

    def _kept(self, x: Shape) -> list[int]:
        """Axes of `x` along which means differ, in order."""
        if any(not -len(x) <= axis < len(x) for axis in self.axis):
            raise ShapeError(
                Text(
                    f'Normalization "{self.name}" has axis {list(self.axis)}, which {shape_text(x)} does not have.',
                    f"Normalization“{self.name}”的 axis 为 {list(self.axis)}，而 {shape_text(x)} 没有该轴。",
                ),
                field="axis",
                suggest={"axis": [-1]},
            )
        return sorted(axis % len(x) for axis in self.axis)

    def _feature_shape(self, x: Shape) -> tuple[int, ...]:
        return tuple(need_known(self, x, axis, "feature") for axis in self._kept(x))

    def _spread(self, name: str) -> Tensor:
        """Mean or variance with the axes of the input."""
        (x,) = self.built_for
        values: Tensor = getattr(self, f"_given_{name}" if self._given() else f"_{name}")
        sizes = np.shape(self.input_mean) if self._given() else self._feature_shape(x)
        spread = [1] * len(x)  # fewer axes than features have are the last ones
        for axis, size in zip(reversed(self._kept(x)), reversed(sizes), strict=False):
            spread[axis] = size
        return values.reshape(spread)

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        features = self._feature_shape(x)
        if self._given():
            given = np.shape(self.input_mean)
            known = features[len(features) - len(given) :]
            if any(size not in (1, real) for size, real in zip(given, known, strict=True)):
                raise ShapeError(
                    Text(
                        f'Normalization "{self.name}" has a mean of shape {given} for features {known} of '
                        f"{shape_text(x)}.",
                        f"Normalization“{self.name}”的 mean 形状为 {given}，与 {shape_text(x)} 的特征 {known} 不符。",
                    ),
                    field="mean",
                )
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        if not self._given():
            shape = self._feature_shape(inputs[0])
            yield Weight("mean", shape, Zeros(), trainable=False)
            yield Weight("variance", shape, Ones(), trainable=False)
            yield Weight("count", (), Zeros(), trainable=False, dtype="int32")

    # --- what it does --------------------------------------------------------------------------------------------

    def adapt(self, data: Any) -> None:
        """Find mean and variance of the data; what was found before is replaced.

        Args:
            data: An array or tensor, or batches of them: a data set, a generator, a list.

        Raises:
            ConfigError: If mean and variance were given, or there are no batches.
            ShapeError: If batches have other features than the layer was built for.
        """
        if self._given():
            raise ConfigError(
                Text(
                    f'Normalization "{self.name}" has its mean and variance; leave them out to adapt it.',
                    f"Normalization“{self.name}”已给定均值和方差；如需 adapt，请不要给出它们。",
                )
            )
        mean: Any = 0.0
        variance: Any = 0.0
        total = 0
        for batch in batches_of(data, self):
            x = self._values(batch)
            self._fit(x)
            others = tuple(a for a in range(x.ndim) if a not in self._kept(tuple(x.shape)))
            size = math.prod(x.shape[axis] for axis in others)
            total += size
            share = size / total
            found = x.mean(others)
            # The spread of all is that within the parts and that between their means.
            new = mean * (1 - share) + found * share
            variance = (variance + (mean - new) ** 2) * (1 - share) + (
                x.var(others) + (found - new) ** 2
            ) * share
            mean = new
        self.own_variables[0].assign(np.asarray(mean, "float32"))
        self.own_variables[1].assign(np.asarray(variance, "float32"))

    def _values(self, batch: Any) -> np.ndarray[Any, Any]:
        if not is_array(batch):
            raise ConfigError(
                Text(
                    f'Normalization "{self.name}".adapt needs arrays or batches of arrays, got a batch of type '
                    f"{type(batch).__name__}.",
                    f"Normalization“{self.name}”的 adapt 需要数组或数组批次，实际批次类型为 {type(batch).__name__}。",
                )
            )
        array = batch.detach().cpu().numpy() if isinstance(batch, Tensor) else np.asarray(batch)
        return array.astype("float64")

    def _fit(self, x: np.ndarray[Any, Any]) -> None:
        shape = tuple(x.shape)
        features = self._feature_shape(shape)
        self.make_weights(shape)
        if features != self.own_variables[0].shape:
            raise ShapeError(
                Text(
                    f'Normalization "{self.name}" was built for {shape_text(self.built_for[0])}; adapt got data of '
                    f"shape {shape}.",
                    f"Normalization“{self.name}”按 {shape_text(self.built_for[0])} 构建；adapt 收到的数据形状为 {shape}。",
                )
            )

    def forward(self, *inputs: Tensor) -> Tensor:
        x = self.as_fractions(inputs[0])
        mean, deviation = self._spread("mean"), self._spread("variance").sqrt()
        deviation = deviation.clamp(min=LEAST_DEVIATION)
        return x * deviation + mean if self.invert else (x - mean) / deviation


def _issue(name: str, en: str, zh: str) -> Issue:
    return Issue(name, "bad_parameter", Text(en, zh))
