"""``cnn5``, the five-layer network of paper 004: 683,221 parameters for five classes."""

from keras import Model, layers

WIDTHS = (8, 16, 32, 64, 128)


def cnn5(num_classes: int = 5, input_shape: tuple[int, int, int] = (180, 180, 3)) -> Model:
    """Build five 5x5 convolutions with ReLU, each followed by 2x2 max pooling, dense 128, dropout 0.5, classifier.

    The paper's sigmoid and binary cross-entropy are the recipe's: ``loss.name = "binary_crossentropy"``.

    Returns:
        A model from (N, H, W, C) float32 to (N, num_classes) float32 logits.
    """
    inputs = layers.Input(input_shape, name="crop")
    x = inputs
    for index, width in enumerate(WIDTHS, start=1):
        x = layers.Conv2D(width, 5, padding="same", activation="relu", name=f"conv{index}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{index}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="hidden")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    return Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(x), name="cnn5")
