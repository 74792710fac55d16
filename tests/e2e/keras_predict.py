"""Open a downloaded model with real Keras and predict: `keras_predict.py MODEL INPUTS.npy OUTPUTS.npy`.

Runs as a child process on Keras' torch backend, with nothing of ours importable.
"""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

if __name__ == "__main__":
    model_path, inputs_path, outputs_path = sys.argv[1:]
    sys.modules["lamina"] = None  # type: ignore[assignment]

    import keras
    import numpy as np

    model = keras.models.load_model(model_path)
    np.save(outputs_path, model.predict(np.load(inputs_path), verbose=0))
