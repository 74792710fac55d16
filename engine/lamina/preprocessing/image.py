"""`keras.preprocessing.image`: pictures as files and as arrays."""

from typing import NoReturn

from lamina.refused import absent
from lamina.utils.images import array_to_img, img_to_array, load_img, save_img, smart_resize

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
