"""SpectralNormalization: a layer whose kernel has 1 as its largest singular value."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.initializers import TruncatedNormal
from lamina.layers.core.wrapper import Wrapper
from lamina.ops.normalization import normalize
from lamina.text import Text


class SpectralNormalization(Wrapper):
    """Divides the kernel of a layer by its largest singular value at each step of training (arXiv:1802.05957).

    The singular value is found by power iterations that go on from step to step.

    Args:
        layer: A layer with a `kernel`, or an Embedding.
        power_iterations: Iterations at each step.

    Shapes:
        those of the layer

    >>> import torch
    >>> from lamina.layers.core.dense import Dense
    >>> SpectralNormalization(Dense(2))(torch.ones(3, 4)).shape
    torch.Size([3, 2])
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        if power_iterations < 1:
            raise ConfigError(
                Text(
                    f"SpectralNormalization.power_iterations should be greater than zero, got {power_iterations}.",
                    f"SpectralNormalization.power_iterations 必须大于 0，实际为 {power_iterations}。",
                ),
                field="power_iterations",
            )
        super().__init__(layer, **kwargs)
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        name = next((n for n in ("kernel", "embeddings") if hasattr(self.layer, n)), None)
        if name is None:
            raise ConfigError(
                Text(
                    f'SpectralNormalization "{self.name}" needs a layer with a kernel or embeddings, got '
                    f"{type(self.layer).__name__}.",
                    f"SpectralNormalization“{self.name}”需要具有 kernel 或 embeddings 的层，实际为 "
                    f"{type(self.layer).__name__}。",
                ),
                field="layer",
            )
        self.kernel = getattr(self.layer, name)
        first = TruncatedNormal(mean=0.0, stddev=0.02, seed=None)
        self.vector_u = self.add_weight(
            (1, self.kernel.shape[-1]), first, trainable=False, name="vector_u"
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self._normalize()
        output = self.layer(inputs)
        return output.to(inputs.dtype) if inputs.is_floating_point() else output

    @torch.no_grad()
    def _normalize(self) -> None:
        """One step of the iteration, and the kernel divided; a kernel of zeros stays."""
        kernel: Tensor = self.kernel.tensor
        weights = kernel.reshape(-1, kernel.shape[-1])
        u: Tensor = self.vector_u.tensor
        for _ in range(self.power_iterations):
            v = normalize(u @ weights.mT, axis=None)
            u = normalize(v @ weights, axis=None)
        sigma = v @ weights @ u.mT
        is_zero = (kernel == 0).all()
        self.vector_u.assign(torch.where(is_zero, self.vector_u.tensor, u))
        self.kernel.assign(torch.where(is_zero, kernel, kernel / sigma))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}
