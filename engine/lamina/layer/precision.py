"""In which types a layer keeps its weights and computes, and what it makes of inputs of another."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lamina import dtype_policies
from lamina.calls import mask_of, set_mask
from lamina.dtype_policies import DTypePolicy

HALVES = ("float16", "bfloat16")


class PolicyHolder(nn.Module):
    """A module that follows a dtype policy."""

    wants_fractions: ClassVar[bool] = False
    """Whether whole numbers are brought to the type of the computation, too: a product with weights needs that."""
    autocast: bool
    """Whether fractions that come in, and weights, are brought to `compute_dtype`."""

    policy: DTypePolicy
    """`dtype_policy` without a way to set it."""

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The types of the weights and of the computation; can be set."""
        return self.policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self.__dict__["policy"] = dtype_policies.get(value)

    @property
    def dtype(self) -> str:
        """The type of the weights, as `variable_dtype`."""
        return self.policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The type of the weights."""
        return self.policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The type of the computation and of the outputs."""
        return self.policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        """The type that inputs are brought to, as `compute_dtype`."""
        return self.policy.compute_dtype

    def converts(self, dtype: str) -> bool:
        """Whether an input of a type is brought to another one."""
        is_whole = dtype.startswith(("int", "uint"))
        counts = self.wants_fractions if is_whole else "float" in dtype
        return self.autocast and counts and dtype != self.compute_dtype

    def convert_input(self, x: Any) -> Any:
        """A tensor in `compute_dtype`, where it is one of fractions; anything else as it is."""
        if not isinstance(x, Tensor) or not self.autocast or x.dtype is torch.bool:
            return x
        if x.is_floating_point() or (self.wants_fractions and not x.is_complex()):
            wanted = self.policy.torch_compute_dtype
            if wanted is not None and x.dtype != wanted:
                converted = x.to(wanted)
                set_mask(converted, mask_of(x))
                return converted
        return x

    def as_fractions(self, x: Tensor) -> Tensor:
        """A tensor of whatever type in `compute_dtype`."""
        return x.to(self.policy.torch_compute_dtype or torch.float32)

    @property
    def weights_cast_to(self) -> torch.dtype | None:
        """The type that weights are read in, where that is not their own."""
        policy = self.policy
        return policy.torch_compute_dtype if policy.casts_weights and self.autocast else None

    def widened(self, x: Tensor) -> Tensor:
        """A tensor in a type that can be summed up: float32 where the layer computes in half of it."""
        return x.float() if self.compute_dtype in HALVES else x

    def narrowed(self, x: Tensor) -> Tensor:
        """What was computed in float32, or in a wider type, in `compute_dtype`."""
        return x if self.compute_dtype == "float32" else self.as_fractions(x)
