"""Discretization: numbers as the bins that they fall into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
import torch
from annotated_types import Gt
from pydantic import BeforeValidator
from torch import Tensor, nn

from lamina.errors import ConfigError
from lamina.fields import Float, Issue, NonNegativeInt, field
from lamina.layer import Layer, Shape, layer
from lamina.layers.preprocessing.adapting import batches_of
from lamina.layers.preprocessing.encoding import OUTPUT_MODE, encoded, encoded_shape
from lamina.layers.preprocessing.numbers_field import Numbers
from lamina.layers.shared_fields import REFUSED, Refused
from lamina.text import Text

Array = np.ndarray[Any, Any]


def _rising(value: Any) -> Any:
    """Boundaries as a list, in order."""
    if value is None:
        return None
    listed = [value] if isinstance(value, float) else value
    if np.ndim(listed) != 1 or sorted(listed) != listed:
        raise ConfigError(
            Text(
                f"must be a rising list of numbers, got {value!r}.",
                f"必须是递增的数值列表，实际为 {value!r}。",
            )
        )
    return listed


class _Binning(nn.Module):
    """A step that looks at shapes: kept as one call when the layer is traced."""

    def __init__(self, owner: Discretization) -> None:
        super().__init__()
        self.__dict__["owner"] = owner

    def forward(self, x: Tensor) -> Tensor:
        owner: Discretization = self.__dict__["owner"]
        bounds = owner.need_boundaries()
        values = torch.tensor(bounds, dtype=torch.float32, device=x.device)
        bins = torch.bucketize(x.to(torch.float32), values, right=True).to(torch.int32)
        return encoded(bins, owner.output_mode, len(bounds) + 1)


@layer(group="preprocessing", summary=Text("Numbers as bins.", "将连续数值划分到区间。"))
class Discretization(Layer):
    """The number of the bin that each value falls into, from given boundaries or ones that `adapt` finds.

    A value on a boundary belongs to the bin above it.

    Shapes:
        (batch, …) of any numbers -> the same, int32; with another output_mode as of CategoryEncoding

    >>> import torch
    >>> Discretization([0.0, 1.0])(torch.tensor([[-1.5, 0.0, 3.0]])).tolist()
    [[0, 1, 2]]
    """

    learned_from_data = "bin_boundaries"

    bin_boundaries: Annotated[Numbers, BeforeValidator(_rising)] = field(
        None,
        suggest=[0.0, 1.0],
        doc=Text(
            "Where one bin ends and the next begins; adapt finds them when empty.",
            "区间之间的边界；留空则由 adapt 统计。",
        ),
    )
    num_bins: NonNegativeInt | None = field(
        None,
        doc=Text(
            "Number of bins that adapt makes, alike full.", "adapt 划分的区间数，各区间样本数相近。"
        ),
    )
    epsilon: Annotated[Float, Gt(0)] = field(
        0.01,
        doc=Text(
            "How exact adapt is: 0.01 sorts into hundredths.",
            "adapt 的精度：0.01 表示精确到百分之一。",
        ),
        advanced=True,
    )
    output_mode: Literal["int", "one_hot", "multi_hot", "count"] = field("int", doc=OUTPUT_MODE)
    sparse: Refused = field(False, doc=REFUSED, hidden=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.binning = _Binning(self)

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        count, bounds = values["num_bins"], values["bin_boundaries"]
        if (count is None) == (bounds is None):
            both = count is not None
            en = (
                "takes either num_bins or bin_boundaries, not both"
                if both
                else ("needs either `num_bins` or `bin_boundaries`")
            )
            zh = (
                "不能同时给出 num_bins 和 bin_boundaries"
                if both
                else "需要 num_bins 或 bin_boundaries"
            )
            yield Issue(
                "bin_boundaries",
                "bad_parameter",
                Text(f"Discretization {en}.", f"Discretization {zh}。"),
                bounds,
            )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        both = config.get("bin_boundaries") is not None and config.get("num_bins") is not None
        if not both:
            return super().from_config(config)
        made = super().from_config({**config, "bin_boundaries": None})
        made.bin_boundaries = list(config["bin_boundaries"])  # found by an earlier adapt
        return made

    @classmethod
    def config_from_file(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an earlier adapt found stands for the number of bins."""
        if config.get("bin_boundaries") is None:
            return config
        return {key: value for key, value in config.items() if key != "num_bins"}

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["trainable"]  # Keras refuses it here: there is nothing to train
        return config

    def node_config(self) -> dict[str, Any]:
        return dict(self.config_from_file(super().node_config()))

    def need_boundaries(self) -> list[float]:
        """The boundaries; raises a `ConfigError` where there are none yet."""
        if self.bin_boundaries is None:
            raise ConfigError(
                Text(
                    f'Discretization "{self.name}" has no bin_boundaries yet; give them, or call adapt(data) first.',
                    f"Discretization“{self.name}”还没有 bin_boundaries；请直接给出，或先调用 adapt(data)。",
                ),
                field="bin_boundaries",
            )
        found: list[float] = self.bin_boundaries
        return found

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find boundaries between which there are equally many values.

        Args:
            data: An array or tensor, or batches of them.
            steps: Batches to read at most.

        Raises:
            ConfigError: If the boundaries were given.
        """
        if self.num_bins is None:
            raise ConfigError(
                Text(
                    f'Cannot adapt Discretization "{self.name}", which has its bin_boundaries; use `num_bins` instead.',
                    f"Discretization“{self.name}”已给定 bin_boundaries，不能 adapt；请改用 num_bins。",
                )
            )
        known = np.zeros((2, 0), "float32")
        for batch in batches_of(data, self, steps):
            values = batch.detach().cpu().numpy() if isinstance(batch, Tensor) else np.array(batch)
            known = _joined(_summary(values.astype("float32"), self.epsilon), known, self.epsilon)
        self.bin_boundaries = _compressed(known, 1.0 / self.num_bins)[0, :-1].tolist()

    def output_shape(self, *inputs: Shape) -> Shape:
        bounds = self.bin_boundaries
        depth = self.num_bins if bounds is None else len(bounds) + 1
        assert depth is not None
        return encoded_shape(inputs[0], self.output_mode, depth)

    def output_dtype(self, *inputs: str) -> str:
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def forward(self, *inputs: Tensor) -> Tensor:
        out: Tensor = self.binning(inputs[0])
        return out if self.output_mode == "int" else self.as_fractions(out)


# --- quantiles in one pass: values with the number of values that each stands for ------------------------------------


def _summary(values: Array, epsilon: float) -> Array:
    """Every so many-th value of the sorted ones, with the number that it stands for."""
    ordered = np.sort(values.reshape(-1))
    step = max(ordered.size * epsilon, 1)
    kept = ordered[int(step - 1) :: int(step)]
    return np.stack([kept, np.full_like(kept, 1) * step])


def _joined(first: Array, second: Array, epsilon: float) -> Array:
    both = np.concatenate((first, second), axis=1)
    return _compressed(both[:, np.argsort(both[0])], epsilon)


def _compressed(summary: Array, epsilon: float) -> Array:
    """At most 1 / epsilon values, at equal distances of rank; fewer are kept as they are."""
    if summary.shape[1] * epsilon < 1:
        return summary
    ranks = epsilon + np.arange(0.0, 1.0, epsilon)
    counts = summary[1].cumsum()
    shares = counts / counts[-1]
    values = np.interp(ranks, shares, summary[0])
    reached = np.interp(ranks, shares, counts)
    return np.stack((values, np.diff(reached, prepend=0.0))).astype("float32")
