"""Files that other tools read: `.keras` and `.weights.h5`, as Keras 3 writes and reads them."""

from lamina.files.model_file import ModelFile, load_weights, read_model, save_model, save_weights

__all__ = ["ModelFile", "load_weights", "read_model", "save_model", "save_weights"]
