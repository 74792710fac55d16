"""Base of layers that read text, or look values up one by one: work for the host, not for a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lamina.layer import Layer, TensorSpec
from lamina.strings import STRING, from_codes, is_text, text_array


class _OnHost(nn.Module):
    """The layer's work as one step of a program: codes of text become strings, the result goes to the device."""

    def __init__(self, owner: HostLayer) -> None:
        super().__init__()
        self.__dict__["owner"] = owner

    def forward(self, *inputs: Tensor) -> Tensor:
        owner: HostLayer = self.__dict__["owner"]
        given = [
            from_codes(x) if is_coded else x.cpu().numpy()
            for x, is_coded in zip(inputs, owner.reads_text, strict=True)
        ]
        out: Tensor = owner.typed(owner.computed(*given)).to(inputs[0].device)
        return out


class HostLayer(Layer):
    """A layer whose work is `computed`, on arrays; called on lists, arrays or tensors, or in a model."""

    takes_text = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"autocast": False, **kwargs})
        self.on_host = _OnHost(self)
        self.reads_text: tuple[bool, ...] = ()  # of each input, in a model

    def computed(self, *inputs: np.ndarray[Any, Any]) -> Any:
        """The output for arrays of numbers or of `str`."""
        raise NotImplementedError

    def typed(self, out: Any) -> Any:
        """What was computed, fractions in the type that the dtype policy says."""
        is_fractions = isinstance(out, Tensor) and out.is_floating_point()
        return self.as_fractions(out) if is_fractions else out

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        self.reads_text = tuple(spec.dtype == STRING for spec in specs)
        return super().outputs_for(structure, specs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer: to symbolic tensors it adds a node to their graph, to data it computes.

        Args:
            args: Symbolic tensors, or lists, arrays or tensors.
        """
        given = [*args, *(kwargs[name] for name in self.call_arguments if name in kwargs)]
        several = self.ports.most_inputs != 1
        if several and len(given) == 1 and isinstance(given[0], (list, tuple)):
            given = list(given[0])
        is_data = [
            isinstance(value, (list, tuple, str, bytes, int, float, np.ndarray, np.generic))
            or (isinstance(value, Tensor) and not isinstance(value, torch.fx.Proxy))
            for value in given
        ]
        holds_symbols = any(
            hasattr(item, "graph_call")
            for value in given
            for item in (value if isinstance(value, (list, tuple)) else (value,))
        )
        if given and all(is_data) and not holds_symbols:
            self.output_shapes(*(np.shape(_as_array(value)) for value in given))
            return self.typed(self.computed(*map(_as_array, given)))
        return super().__call__(*args, **kwargs)

    def forward(self, *inputs: Tensor) -> Tensor:
        out: Tensor = self.on_host(*inputs)
        return out


def _as_array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    return text_array(value) if is_text(value) else np.asarray(value)
