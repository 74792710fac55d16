"""Files that other tools read: `.keras`, `.weights.h5` and the older `.h5`, as Keras writes and reads them."""

from lamina.files.model_file import ModelFile, load_weights, read_model, save_model, save_weights

__all__ = ["ModelFile", "load_weights", "read_model", "save_model", "save_weights"]
