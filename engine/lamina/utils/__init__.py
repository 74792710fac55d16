"""`keras.utils`: what scripts do to their data and seeds before they train, and how objects are written down."""

from typing import NoReturn

from lamina.backend import is_keras_tensor, standardize_dtype
from lamina.naming import clear_session
from lamina.plotting import model_to_dot, plot_model
from lamina.refused import absent
from lamina.seeds import set_random_seed
from lamina.utils.arrays import normalize, to_categorical
from lamina.utils.audio_files import audio_dataset_from_directory
from lamina.utils.batches import (
    PyDataset,
    Sequence,
    pack_x_y_sample_weight,
    unpack_x_y_sample_weight,
)
from lamina.utils.configuration import Config
from lamina.utils.downloads import get_file
from lamina.utils.graphs import get_source_inputs
from lamina.utils.image_files import image_dataset_from_directory
from lamina.utils.images import array_to_img, img_to_array, load_img, save_img
from lamina.utils.interaction import (
    Progbar,
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from lamina.utils.sequences import pad_sequences
from lamina.utils.serialization import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from lamina.utils.splitting import split_dataset
from lamina.utils.text_files import text_dataset_from_directory
from lamina.utils.windows import timeseries_dataset_from_array

__all__ = [
    "Config",
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
