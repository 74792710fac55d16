"""RandomCrop: a part of images, at a random place while training."""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.fields import PositiveInt, field
from lamina.layer import Shape, layer
from lamina.layers.preprocessing.random_images import Drawn, SeededImageLayer
from lamina.layers.preprocessing.resizing import largest_like, middle, resized
from lamina.text import Text


@layer(
    group="preprocessing",
    summary=Text("Cuts out a random part while training.", "训练时随机裁剪图像的一部分。"),
)
class RandomCrop(SeededImageLayer):
    """While training, a part of this size at a place that is drawn for each batch.

    In inference, and where images are smaller, it is the largest part of the middle with these proportions, resized.

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, channels), float32
    """

    height: PositiveInt = field(suggest=24, doc=Text("Height of the output.", "输出的高度。"))
    width: PositiveInt = field(suggest=24, doc=Text("Width of the output.", "输出的宽度。"))

    positional = ("seed", "data_format")

    is_random = False

    def output_shape(self, *inputs: Shape) -> Shape:
        batch, *_, channels = super().output_shape(*inputs)
        return (batch, self.height, self.width, channels)

    def limit_in_keras(self, *inputs: Shape) -> Text | None:
        if inputs[0][1:3] == (self.height, self.width):
            return None
        return Text(
            f'RandomCrop "{self.name}": Keras leaves images whole when it predicts and then refuses their size, so '
            "Keras cannot predict with the .keras file of this model; Lamina can. A CenterCrop works in both.",
            f"RandomCrop“{self.name}”：Keras 在预测时不裁剪图像，随后会因尺寸不符而拒绝，因此 Keras 无法用此模型的 "
            ".keras 文件进行预测；Lamina 可以。CenterCrop 在两者中都可用。",
        )

    def draw(self, x: Tensor) -> Drawn:
        have = (x.shape[1], x.shape[2])
        if not self.training:
            return {}
        if have[0] > self.height and have[1] > self.width:
            starts = [
                self.draws.uniform(x, 1, high=size - part + 1).to(torch.int64)
                for size, part in zip(have, (self.height, self.width), strict=True)
            ]
            return {"start": starts}
        part = largest_like(have, (self.height, self.width))
        return {"start": [(size - wanted) // 2 for size, wanted in zip(have, part, strict=True)]}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        wanted = (self.height, self.width)
        if not drawn:
            part = largest_like((images.shape[1], images.shape[2]), wanted)
            return resized(middle(images, *part), *wanted, "bilinear")
        for axis, (start, size) in enumerate(zip(drawn["start"], wanted, strict=True), 1):
            if isinstance(start, Tensor):  # stays on the device
                rows = start + torch.arange(size, device=images.device)
                images = images.index_select(axis, rows)
            else:
                images = images.narrow(axis, start, min(size, images.shape[axis] - start))
        if tuple(images.shape[1:3]) != wanted:
            images = resized(images, *wanted, "bilinear")
        return images

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        return self.transform_images(masks.to(torch.float32), drawn)
