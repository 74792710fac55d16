"""Bidirectional and TimeDistributed: layers around another layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.foreign import shown
from lamina.layer import LAYERS, Layer, Shape
from lamina.layers.core.wrapper import Wrapper
from lamina.layers.recurrent.rnn import RNN
from lamina.saving_registry import deserialize_keras_object, serialize_keras_object
from lamina.text import Text

MERGE_MODES = ("sum", "mul", "ave", "concat", None)


class Bidirectional(Layer):
    """Runs a recurrent layer over a sequence from both ends.

    Args:
        layer: A recurrent layer; a copy of it with fresh weights reads forwards.
        merge_mode: "concat", "sum", "mul" or "ave" of the two outputs; None gives both.
        weights: First values, those of the forward layer before those of the backward one.
        backward_layer: The layer that reads backwards; one like `layer` when left out.

    Shapes:
        (batch, time, features) -> as the layer, with twice the last axis for "concat"
    """

    supports_masking = True

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: Sequence[Any] | None = None,
        backward_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        if merge_mode not in MERGE_MODES:
            raise ConfigError(
                Text(
                    f'Bidirectional: merge_mode is "sum", "mul", "ave", "concat" or None, got {merge_mode!r}.',
                    f"Bidirectional：merge_mode 应为“sum”“mul”“ave”“concat”或 None，实际为 {merge_mode!r}。",
                ),
                field="merge_mode",
            )
        given: tuple[Any, ...] = (layer, backward_layer)
        for one in given:
            if one is not None and not (isinstance(one, Layer) and hasattr(one, "go_backwards")):
                raise ConfigError(
                    Text(
                        f"Bidirectional needs recurrent layers, such as LSTM, {shown(one).en}",
                        f"Bidirectional 需要循环层（如 LSTM），{shown(one).zh}",
                    )
                )
        super().__init__(**kwargs)
        forward: Any = _copy(layer, "forward_")
        backward: Any = backward_layer
        if backward is None:
            backward = _copy(layer, "backward_", go_backwards=True)
        if forward.go_backwards == backward.go_backwards:
            raise ConfigError(
                Text(
                    "Bidirectional: one of the two layers has to go backwards and the other not.",
                    "Bidirectional：两个层中必须恰有一个反向读取（go_backwards）。",
                )
            )
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(forward, name) != getattr(backward, name):
                raise ConfigError(
                    Text(
                        f"Bidirectional: {name} has to be the same in both layers.",
                        f"Bidirectional：两个层的 {name} 必须相同。",
                    ),
                    field=name,
                )
        for one in (forward, backward):
            one.zero_output_for_mask = one.return_sequences
        self.forward_layer = forward
        self.backward_layer = backward
        self.merge_mode = merge_mode
        self.stateful = forward.stateful
        self.return_sequences = forward.return_sequences
        self.return_state = forward.return_state
        self.__dict__["first_weights"] = weights

    def build(self, sequences_shape: Shape, initial_state_shape: Any = None) -> None:
        for one in (self.forward_layer, self.backward_layer):
            if not one.built:
                one.build(sequences_shape)
        weights = self.__dict__.pop("first_weights", None)
        if weights:
            self.set_weights(weights)
        self.built = True

    def call(self, sequences: Tensor, initial_state: Any = None, mask: Any = None) -> Any:
        first, second = None, None
        if initial_state is not None:
            half = len(initial_state) // 2
            first, second = list(initial_state[:half]), list(initial_state[half:])
        y = self.forward_layer(sequences, initial_state=first, mask=mask)
        z = self.backward_layer(sequences, initial_state=second, mask=mask)
        states: list[Tensor] = []
        if self.return_state:
            states = [*y[1:], *z[1:]]
            y, z = y[0], z[0]
        if self.return_sequences:
            z = z.flip(1)
        if self.merge_mode is None:
            return (y, z, *states)
        if self.merge_mode == "concat":
            output = torch.cat([y, z], dim=-1)
        elif self.merge_mode == "mul":
            output = y * z
        else:
            output = (y + z) / (2 if self.merge_mode == "ave" else 1)
        return (output, *states) if self.return_state else output

    def outputs_for(self, structure: Any, specs: Any) -> Any:
        forward, backward = self.forward_layer, self.backward_layer
        with forward.forgetful(), backward.forgetful():  # trying it leaves no states
            return super().outputs_for(structure, specs)

    def reset_state(self) -> None:
        """Let both layers begin the next batch with zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    @property
    def states(self) -> Any:
        """What the two layers begin the next batch with, one behind the other; None before the first one."""
        both = (self.forward_layer.states, self.backward_layer.states)
        return None if None in both else (*both[0], *both[1])

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        output = mask if self.return_sequences else None
        outputs = [output] if self.merge_mode else [output, output]
        count = 2 * len(self.forward_layer.state_size) if self.return_state else 0
        return [*outputs, *[None] * count]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(
            **{**config, **{key: _made(config.get(key)) for key in ("layer", "backward_layer")}}
        )


class TimeDistributed(Wrapper):
    """Applies a layer to every step of a sequence.

    Args:
        layer: The layer.

    Shapes:
        (batch, time, …) -> (batch, time, *output of the layer without the batch)
    """

    supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.uses_call:
            self.layer.make_weights((input_shape[0], *input_shape[2:]))
        self.built = True

    def call(self, inputs: Tensor, mask: Any = None) -> Any:
        takes_mask = mask is not None and mask.dim() > 2 and "mask" in self.layer.call_parameters
        if self._sees_steps_apart():
            steps = [
                self.layer(x, **({"mask": mask[:, time]} if takes_mask else {}))
                for time, x in enumerate(inputs.unbind(1))
            ]
            return torch.stack(steps, dim=1)
        options = {"mask": mask.flatten(0, 1)} if takes_mask else {}
        output = self.layer(inputs.flatten(0, 1), **options)
        return output.unflatten(0, tuple(inputs.shape[:2]))

    def _sees_steps_apart(self) -> bool:
        """Whether one call for all steps would differ: statistics of batches, states."""
        return getattr(self.layer, "stateful", False) or any(
            not variable.spec.trainable for variable in self.layer.weights
        )


def _copy(layer: Layer, prefix: str, **changes: Any) -> Layer:
    """A layer of the same configuration with fresh weights."""
    config = {**layer.get_config(), "name": prefix + layer.name.removeprefix(prefix), **changes}
    copy = type(layer).from_config(config)
    copy.seed_name = prefix + layer.seed_name.removeprefix(
        prefix
    )  # names count on from model to model
    return copy


def _made(layer: Any) -> Any:
    table: dict[str, Any] = {name: LAYERS.get(name) for name in LAYERS.names()}
    table |= {cls.__name__: cls for cls in (RNN, Bidirectional, TimeDistributed)}
    is_form = isinstance(layer, Mapping)
    return deserialize_keras_object(layer, table) if is_form else layer
