"""RandAugment and AugMix: changes of images drawn from a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import torch
from torch import Tensor

from lamina.fields import PositiveFloat, PositiveInt, field
from lamina.layer import Shape, layer
from lamina.layers.preprocessing.factors import (
    VALUE_RANGE,
    Pair,
    ValueRange,
    factor,
)
from lamina.layers.preprocessing.random_blends import RandomColorDegeneration
from lamina.layers.preprocessing.random_colours import (
    Colours,
    RandomBrightness,
    RandomContrast,
    RandomPosterization,
    RandomSharpness,
)
from lamina.layers.preprocessing.random_geometry import (
    RandomRotation,
    RandomShear,
    RandomTranslation,
)
from lamina.layers.preprocessing.random_images import Drawn, RandomImageLayer
from lamina.layers.preprocessing.tone import AutoContrast, Equalization, Solarization
from lamina.ops.sampling import Interpolation
from lamina.text import Text

Strength = Annotated[(Pair, *factor(0.0, 1.0))]

_STRENGTH = Text(
    "How strong changes are, from 0 to 1; two numbers for lowest and highest.",
    "变化的强度（0 到 1）；也可给出上下限两个数值。",
)
_INTERPOLATION = Text("How values between pixels are found.", "插值方式。")

Step = tuple[int, Drawn]
"""Which change, and what was drawn for it."""


class _Policy(Colours):
    """Layers that draw from a list of changes; `names` says which, in Keras' order."""

    channels = (3, 1)

    value_range: ValueRange
    factor: Strength
    interpolation: Interpolation

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.__dict__["parts"] = self._made_parts()  # without weights, and no layers in a file

    @property
    def changes(self) -> Sequence[type[RandomImageLayer]]:
        """The kinds of change, in Keras' order."""
        raise NotImplementedError

    def _made_parts(self) -> list[RandomImageLayer]:
        both, ranged = self.factor, {"value_range": self.value_range}
        seen = {"interpolation": self.interpolation}
        options: dict[type[RandomImageLayer], dict[str, Any]] = {
            RandomShear: {"x_factor": both, "y_factor": both, **seen},
            RandomTranslation: {"height_factor": both, "width_factor": both, **seen},
            RandomRotation: {"factor": both, **seen},
            RandomBrightness: {"factor": both, **ranged},
            RandomColorDegeneration: {"factor": both, **ranged},
            RandomContrast: {"factor": both, **ranged},
            RandomSharpness: {"factor": both, **ranged},
            RandomPosterization: {"factor": max(1, int(8 * both[1])), **ranged},
            Solarization: {"addition_factor": both, "threshold_factor": both, **ranged},
            AutoContrast: ranged,
            Equalization: ranged,
        }
        parts = [kind(**options[kind], name=f"{self.name}_part") for kind in self.changes]
        for part in parts:
            part.draws = self.draws
        return parts

    def picked(self, count: int, kinds: int) -> list[int]:
        """Numbers below `kinds`; they decide what is computed, so they are drawn on the host."""
        drawn = self.draws.uniform(torch.empty(0, device="cpu"), count)
        return [min(int(number * kinds), kinds - 1) for number in drawn.tolist()]

    def step(self, x: Tensor, index: int) -> Step:
        """A change of a batch with what it draws."""
        return index, self.__dict__["parts"][index].draw(x)

    def changed(self, x: Tensor, steps: Sequence[Step], method: str) -> Tensor:
        """What the changes make of images or masks, one after the other."""
        for index, drawn in steps:
            x = getattr(self.__dict__["parts"][index], method)(x, drawn)
        return x


@layer(
    group="preprocessing",
    summary=Text("Some changes at random while training.", "训练时随机选取若干种变化。"),
)
class RandAugment(_Policy):
    """While training, some changes drawn from eleven, the same ones for all images of a batch (arXiv:1909.13719).

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    value_range: ValueRange = field((0, 255), doc=VALUE_RANGE)
    num_ops: PositiveInt = field(2, doc=Text("Number of changes.", "变化的次数。"))
    factor: Strength = field(0.5, doc=_STRENGTH)
    interpolation: Interpolation = field("bilinear", doc=_INTERPOLATION, advanced=True)

    positional = ("seed", "data_format")

    @property
    def changes(self) -> Sequence[type[RandomImageLayer]]:
        return (
            RandomShear,
            RandomTranslation,
            RandomRotation,
            RandomBrightness,
            RandomColorDegeneration,
            RandomContrast,
            RandomSharpness,
            RandomPosterization,
            Solarization,
            AutoContrast,
            Equalization,
        )

    def draw(self, x: Tensor) -> Drawn:
        kinds = len(self.changes)
        return {"steps": [self.step(x, index) for index in self.picked(self.num_ops, kinds)]}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return self.changed(images, drawn["steps"], "transform_images")

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        return self.changed(masks, drawn["steps"], "transform_segmentation_masks")


@layer(
    group="preprocessing",
    summary=Text("Mixes changed images while training.", "训练时混合多种变化后的图像。"),
)
class AugMix(_Policy):
    """While training, images mixed with what several chains of changes make of them (Hendrycks et al. 2020).

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    value_range: ValueRange = field((0, 255), doc=VALUE_RANGE)
    num_chains: PositiveInt = field(3, doc=Text("Number of chains.", "链的数量。"))
    chain_depth: PositiveInt = field(
        3, doc=Text("Changes in a chain at most.", "每条链中变化的最大次数。")
    )
    factor: Strength = field(0.3, doc=_STRENGTH)
    alpha: PositiveFloat = field(
        1.0,
        doc=Text(
            "How evenly chains are mixed; larger is more even.", "混合的均匀程度；越大越均匀。"
        ),
        advanced=True,
    )
    all_ops: bool = field(
        True,
        doc=Text(
            "Whether brightness, colour, contrast and sharpness change, too.",
            "是否也改变亮度、颜色、对比度和锐度。",
        ),
        advanced=True,
    )
    interpolation: Interpolation = field("bilinear", doc=_INTERPOLATION, advanced=True)

    positional = ("seed", "data_format")

    @property
    def changes(self) -> Sequence[type[RandomImageLayer]]:
        always = (
            RandomShear,
            RandomTranslation,
            RandomRotation,
            RandomPosterization,
            Solarization,
            AutoContrast,
            Equalization,
        )
        more = (RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness)
        return always + more if self.all_ops else always

    def output_shape(self, *inputs: Shape) -> Shape:
        if self.all_ops:
            return super().output_shape(*inputs)
        return RandomImageLayer.output_shape(self, *inputs)

    def draw(self, x: Tensor) -> Drawn:
        nothing = len(self.changes)
        chains = [
            [self.step(x, i) for i in self.picked(self.chain_depth, nothing + 1) if i < nothing]
            for _ in range(self.num_chains)
        ]
        even = torch.full((1, self.num_chains), self.alpha, device=x.device)
        shares = torch._sample_dirichlet(even, generator=self.draws.stream(x.device))[0]
        return {
            "chains": chains,
            "chain_mixing_weights": shares,
            "weight_sample": self.draws.beta(x, 1, self.alpha)[0],
        }

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return self._mixed(images, drawn, "transform_images").clamp(*self.value_range)

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        return self._mixed(masks, drawn, "transform_segmentation_masks")

    def _mixed(self, x: Tensor, drawn: Drawn, method: str) -> Tensor:
        shares, own = drawn["chain_mixing_weights"], drawn["weight_sample"]
        mixed = torch.zeros_like(x, dtype=torch.float32)
        for share, steps in zip(shares, drawn["chains"], strict=True):
            mixed = mixed + share * self.changed(x, steps, method)
        found: Tensor = own * x + (1 - own) * mixed
        return found
