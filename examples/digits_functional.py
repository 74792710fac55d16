"""Two branches on small digits, functional style: trains in seconds and needs no network.

Saves the model to `digits.keras`, loads it again and checks that it predicts the same.
"""

import numpy as np

import lamina as keras

keras.utils.set_random_seed(0)

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train = x_train[..., None].astype("float32") / 16
x_test = x_test[..., None].astype("float32") / 16

image = keras.Input(shape=(8, 8, 1), name="image")
shapes = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(image)
shapes = keras.layers.GlobalAveragePooling2D()(shapes)
pixels = keras.layers.Flatten()(image)
pixels = keras.layers.Dense(32, activation="relu")(pixels)
x = keras.layers.Concatenate()([shapes, pixels])
digit = keras.layers.Dense(10, activation="softmax", name="digit")(x)
model = keras.Model(image, digit, name="digits")

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.005),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=32, epochs=10, validation_split=0.1, verbose=2)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"Test accuracy: {accuracy:.4f}")

model.save("digits.keras")
again = keras.models.load_model("digits.keras")
np.testing.assert_array_equal(model.predict(x_test, verbose=0), again.predict(x_test, verbose=0))
print("digits.keras predicts the same.")
