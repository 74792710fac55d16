"""`keras.preprocessing`: another door to what lies in `lamina.utils`."""

from typing import NoReturn

from lamina.preprocessing import image, sequence
from lamina.refused import absent
from lamina.utils.image_files import image_dataset_from_directory
from lamina.utils.text_files import text_dataset_from_directory
from lamina.utils.windows import timeseries_dataset_from_array

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
