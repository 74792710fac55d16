"""Base of layers that change images at random while training.

A layer says what it draws for a batch (`draw`), and what that does to the images (`transform_images`), to the targets
(`transform_labels`) and to masks of pixels (`transform_segmentation_masks`). Everything happens on the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lamina.errors import NotSupportedError
from lamina.fields import DataFormat, Int, field
from lamina.layer import Layer, Shape, need_rank
from lamina.layers.preprocessing.factors import DATA_FORMAT, SEED
from lamina.layers.windows import AXES
from lamina.text import Text

Drawn = dict[str, Any]
"""What was drawn for a batch, by name."""

__all__ = ["Drawn", "Draws", "RandomImageLayer", "SeededImageLayer"]


class Draws:
    """Random numbers for images, from a stream of its own where there is a seed.

    Args:
        seed: Where the stream begins; torch's own stream when None.
    """

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self._streams: dict[torch.device, torch.Generator] = {}

    def stream(self, device: torch.device) -> torch.Generator | None:
        """The stream of a device."""
        if self.seed is None:
            return None
        if device not in self._streams:
            self._streams[device] = torch.Generator(device).manual_seed(self.seed)
        return self._streams[device]

    def uniform(self, like: Tensor, *shape: int, low: Any = 0.0, high: Any = 1.0) -> Tensor:
        """Numbers from `low` up to `high`, on the device of `like`."""
        drawn = torch.rand(shape, generator=self.stream(like.device), device=like.device)
        numbers: Tensor = drawn * (high - low) + low
        return numbers

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers in the shape of `like`."""
        return torch.randn(like.shape, generator=self.stream(like.device), device=like.device)

    def sign(self, like: Tensor, *shape: int) -> Tensor:
        """One or minus one, alike often."""
        return torch.where(self.uniform(like, *shape) > 0.5, -1.0, 1.0)

    def order(self, like: Tensor) -> Tensor:
        """The samples of a batch in a new order."""
        return torch.randperm(len(like), generator=self.stream(like.device), device=like.device)

    def beta(self, like: Tensor, count: int, concentration: Any) -> Tensor:
        """Shares from a beta distribution with both parameters alike."""
        alike = torch.ones((count, 2), device=like.device) * concentration
        return torch._sample_dirichlet(alike, generator=self.stream(like.device))[:, 0]


class _AtRandom(nn.Module):
    """The change of a batch as one step of a program: kept as one call when the layer is traced."""

    def __init__(self, owner: RandomImageLayer) -> None:
        super().__init__()
        self.__dict__["owner"] = owner

    def forward(self, x: Tensor) -> Tensor:
        owner: RandomImageLayer = self.__dict__["owner"]
        return owner.transform_images(x, owner.draw(x))


class RandomImageLayer(Layer):
    """What layers that change images at random share: nothing happens in inference, nothing to shapes."""

    data_format: DataFormat = field(None, doc=DATA_FORMAT, advanced=True, kw_only=True)

    keeps_value_range = True
    is_random = True
    """Whether it does nothing in inference."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draws = Draws(getattr(self, "seed", None))
        self.at_random = _AtRandom(self)

    # --- what a layer states -------------------------------------------------------------------------------------

    def draw(self, x: Tensor) -> Drawn:
        """What is drawn for a batch of images; whatever differs between images has the batch as its first axis."""
        raise NotImplementedError

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        """The images, (batch, height, width, channels), with what was drawn."""
        raise NotImplementedError

    def transform_labels(self, labels: Tensor, drawn: Drawn) -> Tensor:
        """The targets of those images."""
        return labels

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        """What each pixel of those images is, in their shape with a channel."""
        return masks

    # --- calls -----------------------------------------------------------------------------------------------------

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        is_one_image = len(x) == 3 and x[0] is not None
        if not is_one_image:
            need_rank(self, x, 4, AXES[2])
        return x

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer to images, to one image, or to a dict of `images`, `labels` and `segmentation_masks`.

        Args:
            args: (batch, height, width, channels) or (height, width, channels); symbolic or not.
            training: Whether to change anything; True outside of a model.
        """
        given = args[0] if args else kwargs.get("inputs", kwargs.get("data"))
        if isinstance(given, Mapping):
            return self._dict_call(given, bool(kwargs.get("training", True)))
        if isinstance(given, (Tensor, np.ndarray)) and given.ndim == 3 and self.is_alone(given):
            kwargs = {key: value for key, value in kwargs.items() if key == "training"}
            return super().__call__(given[None], **kwargs)[0]
        return super().__call__(*args, **kwargs)

    def is_alone(self, given: Any) -> bool:
        """Whether an array of three axes is one image."""
        return not isinstance(given, torch.fx.Proxy)

    def _dict_call(self, data: Mapping[str, Any], training: bool) -> dict[str, Any]:
        """Each part of the data with the same draw."""
        if "bounding_boxes" in data:
            raise NotSupportedError(
                Text(
                    f'{type(self).__name__} "{self.name}" does not move bounding boxes; leave them out of the data.',
                    f"{type(self).__name__}“{self.name}”不支持边界框（bounding_boxes）；请从数据中去掉。",
                )
            )
        parts = {
            key: torch.as_tensor(np.asarray(v) if not isinstance(v, Tensor) else v)
            for key, v in data.items()
        }
        images = parts["images"].to(torch.float32)
        single = images.dim() == 3
        if single:
            parts = {key: part[None] for key, part in parts.items()}
            images = images[None]
        drawn = self.draw(images) if training or not self.is_random else None
        found = {**parts, "images": images}
        if drawn is not None:
            found["images"] = self.transform_images(images, drawn)
            if "labels" in parts:
                found["labels"] = self.transform_labels(parts["labels"], drawn)
            if "segmentation_masks" in parts:
                masks = parts["segmentation_masks"]
                found["segmentation_masks"] = self.transform_segmentation_masks(masks, drawn)
        return {key: part[0] for key, part in found.items()} if single else found

    def forward(self, *inputs: Tensor, training: bool = True) -> Tensor:
        # The parameter says what holds outside of a model; what holds now is `self.training`.
        x = inputs[0].to(torch.float32)
        if self.training or not self.is_random:
            x = self.at_random(x)
        return self.narrowed(x)


class SeededImageLayer(RandomImageLayer):
    """Those that draw something, with a seed of their own for it where there is one."""

    seed: Int | None = field(None, doc=SEED, advanced=True, kw_only=True)
