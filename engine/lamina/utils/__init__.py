"""`keras.utils`: what scripts do to their data and seeds before they train."""

from lamina.naming import clear_session
from lamina.random import set_random_seed
from lamina.utils.arrays import normalize, to_categorical
from lamina.utils.sequences import pad_sequences

__all__ = ["clear_session", "normalize", "pad_sequences", "set_random_seed", "to_categorical"]
