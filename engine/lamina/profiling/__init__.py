"""What a model's training step costs, layer by layer, on the machine it runs on: `model.profile()`."""

from lamina.profiling.limits import Limits, limits_of
from lamina.profiling.measuring import profile
from lamina.profiling.report import LayerCost, Profile

__all__ = ["LayerCost", "Limits", "Profile", "limits_of", "profile"]
