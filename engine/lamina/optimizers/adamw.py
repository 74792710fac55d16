"""Adam with weight decay from the start."""

from __future__ import annotations

from lamina.fields import NonNegativeFloat, field
from lamina.optimizers.adam import Adam
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.text import Text


@optimizer(summary=Text("Adam with weight decay.", "带权重衰减的 Adam。"))
class AdamW(Adam):
    """Adam whose weights shrink a little at each step (Loshchilov and Hutter 2019, arXiv:1711.05101)."""

    learning_rate: LearningRate = field(0.001, doc=RATE)
    weight_decay: NonNegativeFloat = field(0.004, doc=Optimizer.declared_fields["weight_decay"].doc)
