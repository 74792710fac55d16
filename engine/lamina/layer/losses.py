"""What a layer adds to the loss: penalties of its weights, and what its calls have added."""

from __future__ import annotations

from typing import Any, ClassVar

from lamina.layer.weights import WeightHolder, layers_in


class LossHolder(WeightHolder):
    """A module that may add to what training minimizes."""

    added_losses: list[Any]
    ever_added: ClassVar[bool] = False
    """Whether any layer has added anything in this process; until then nobody needs to look."""

    def add_loss(self, loss: Any) -> None:
        """Add a tensor, or a list of them, to what training minimizes; to be called in `call`."""
        LossHolder.ever_added = True
        self.added_losses.extend(loss if isinstance(loss, (list, tuple)) else [loss])

    @property
    def losses(self) -> list[Any]:
        """Penalties of the weights, and what the last call added, of this layer and those in it."""
        return [
            *self.take_added_losses(clear=False),
            *(
                variable.penalty()
                for variable in self.trainable_weights
                if variable.regularizer is not None
            ),
        ]

    def take_added_losses(self, *, clear: bool = True) -> list[Any]:
        """What calls have added, of this layer and those in it."""
        if not LossHolder.ever_added:
            return []
        taken = list(self.added_losses)
        if clear:
            self.added_losses.clear()
        for sub in layers_in(self, LossHolder):
            taken.extend(sub.take_added_losses(clear=clear))
        return taken
