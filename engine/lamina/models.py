"""`keras.models`: the models, and what turns files into them."""

from typing import NoReturn

from lamina.cloning import clone_model
from lamina.configs import model_from_json
from lamina.model import Model, Sequential
from lamina.refused import absent
from lamina.saving import load_model, save_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
