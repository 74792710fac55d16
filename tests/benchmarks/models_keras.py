"""The models in Keras' interface; `keras` is any module that has it, so Keras itself or the engine."""

from __future__ import annotations

from typing import Any

from benchmarks.workloads import Workload


def build(workload: Workload, keras: Any) -> Any:
    """The compiled model of a workload."""
    model = MODELS[workload.model](keras, workload.classes, **workload.options)
    optimizers = keras.optimizers
    optimizer = {
        "sgd": optimizers.SGD,
        "adam": optimizers.Adam,
        "rmsprop": optimizers.RMSprop,
    }[workload.optimizer]
    accumulation = workload.accumulation if workload.accumulation > 1 else None
    model.compile(
        optimizer=optimizer(
            learning_rate=workload.learning_rate, gradient_accumulation_steps=accumulation
        ),
        loss="categorical_crossentropy" if workload.classes else "mse",
        metrics=["accuracy"] if workload.classes else [],
    )
    return model


def _cnn(keras: Any, classes: int, shape: tuple[int, ...]) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _mlp(keras: Any, classes: int) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(256, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _line(keras: Any, classes: int) -> Any:
    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])


def _lstm(keras: Any, classes: int, length: int = 100) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((length, 32)), layers.LSTM(64), layers.Dense(classes, activation="softmax")]
    )


def _residual(keras: Any, classes: int, side: int = 32) -> Any:
    layers = keras.layers

    def convolved(x: Any, filters: int, strides: int = 1) -> Any:
        x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    def block(x: Any, filters: int, strides: int) -> Any:
        y = layers.Activation("relu")(convolved(x, filters, strides))
        y = convolved(y, filters)
        if strides > 1:
            x = layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x)
        return layers.Activation("relu")(layers.Add()([y, x]))

    inputs = keras.Input((side, side, 3))
    x = layers.Activation("relu")(convolved(inputs, 16))
    x = layers.GlobalAveragePooling2D()(block(block(x, 16, 1), 32, 2))
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))


def _transformer(
    keras: Any,
    classes: int,
    depth: int = 1,
    width: int = 64,
    heads: int = 4,
    hidden: int = 128,
    length: int = 64,
    vocabulary: int = 1000,
) -> Any:
    layers = keras.layers
    inputs = keras.Input((length,), dtype="int32")
    x = layers.Embedding(vocabulary, width)(inputs)
    for _ in range(depth):
        attended = layers.MultiHeadAttention(heads, width // heads)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, attended]))
        thought = layers.Dense(width)(layers.Dense(hidden, activation="relu")(x))
        x = layers.LayerNormalization()(layers.Add()([x, thought]))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))


def _gru(keras: Any, classes: int, length: int = 100) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((length, 32)), layers.GRU(64), layers.Dense(classes, activation="softmax")]
    )


def _waves(keras: Any, classes: int, length: int = 100) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((length, 32)),
            layers.Conv1D(64, 5, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(64, 5, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _bag(keras: Any, classes: int, length: int = 200, vocabulary: int = 5000) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(vocabulary, 32),
            layers.GlobalAveragePooling1D(),
            layers.Dense(64, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _deep(keras: Any, classes: int, depth: int = 12) -> Any:
    layers = keras.layers
    model = keras.Sequential([keras.Input((784,))])
    for _ in range(depth):
        model.add(layers.Dense(64))
        model.add(layers.BatchNormalization())
        model.add(layers.Activation("relu"))
        model.add(layers.Dropout(0.1))
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def _vgg(keras: Any, classes: int, side: int = 32) -> Any:
    layers = keras.layers
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (32, 64):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D(2))
        model.add(layers.Dropout(0.25))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def _own(keras: Any, classes: int, shape: tuple[int, ...]) -> Any:
    """The image classifier as a model with a call of its own."""
    layers = keras.layers

    class Classifier(keras.Model):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.convolution = layers.Conv2D(32, (3, 3), activation="relu")
            self.pooling, self.flatten = layers.MaxPooling2D((2, 2)), layers.Flatten()
            self.hidden = layers.Dense(128, activation="relu")
            self.out = layers.Dense(classes, activation="softmax")

        def call(self, x: Any) -> Any:
            x = self.flatten(self.pooling(self.convolution(x)))
            return self.out(self.hidden(x))

    model = Classifier()
    model.build((None, *shape))
    return model


def _masked(keras: Any, classes: int, length: int = 80) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(1000, 32, mask_zero=True),
            layers.LSTM(64),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _mobile(keras: Any, classes: int, side: int = 32) -> Any:
    """Depthwise and pointwise convolutions, as in MobileNet."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((side, side, 3))])
    model.add(layers.Conv2D(16, 3, padding="same", use_bias=False))
    for filters in (0, 32, 0, 64):
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU(6.0))
        if filters:
            model.add(layers.Conv2D(filters, 1, use_bias=False))
        else:
            model.add(layers.DepthwiseConv2D(3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization())
    model.add(layers.ReLU(6.0))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def _groups(keras: Any, classes: int, side: int = 32) -> Any:
    layers = keras.layers
    model = keras.Sequential([keras.Input((side, side, 3))])
    for filters in (32, 64):
        model.add(layers.Conv2D(filters, 3, padding="same"))
        model.add(layers.GroupNormalization(8))
        model.add(layers.Activation("silu"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def _resnet50(keras: Any, classes: int, side: int) -> Any:
    return keras.applications.ResNet50(weights=None, input_shape=(side, side, 3), classes=classes)


MODELS = {
    "cnn": _cnn,
    "mlp": _mlp,
    "line": _line,
    "lstm": _lstm,
    "residual": _residual,
    "transformer": _transformer,
    "gru": _gru,
    "waves": _waves,
    "bag": _bag,
    "deep": _deep,
    "vgg": _vgg,
    "own": _own,
    "masked": _masked,
    "mobile": _mobile,
    "groups": _groups,
    "resnet50": _resnet50,
}
