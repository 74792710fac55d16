"""`keras.models`: the models, and what turns files into them."""

from lamina.model import Model, Sequential
from lamina.saving import load_model, save_model

__all__ = ["Model", "Sequential", "load_model", "save_model"]
