"""Maps from gradients: saliency, as paper 003 draws it, and Grad-CAM (Selvaraju et al. 2017)."""

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from mien.errors import ConfigError
from mien.preprocess import Float32
from mien.types import Float

if TYPE_CHECKING:
    from keras import Model


def saliency(model: "Model", face: Float32, column: int, loss_name: str = "crossentropy") -> Float:
    """Return (H, W) largest size over the channels of the gradient of one label's loss by the input (Simonyan et al. 2014).

    Args:
        model: From (N, H, W, C) to (N, K) logits.
        face: (H, W, C) network input.
        loss_name: What the network was trained with, as ``LossSpec.name``; of the focal loss, its cross-entropy is taken.

    Raises:
        ConfigError: Keras runs on another backend than TensorFlow.
    """
    tensorflow = _tensorflow()
    values = tensorflow.constant(face[np.newaxis])
    with tensorflow.GradientTape() as tape:
        tape.watch(values)
        logits = model(values, training=False)
        if loss_name == "binary_crossentropy":  # one sigmoid per label
            loss = tensorflow.nn.sigmoid_cross_entropy_with_logits(tensorflow.one_hot([column], logits.shape[-1]), logits)
        else:
            loss = tensorflow.nn.sparse_softmax_cross_entropy_with_logits([column], logits)
    heat: Float = np.abs(tape.gradient(loss, values).numpy()[0]).max(axis=2)
    return heat


def grad_cam(model: "Model", face: Float32, column: int) -> Float:
    """Return (H, W) positive evidence of one label in the last layer that still has a map, enlarged to the input's size.

    Raises:
        ConfigError: Keras runs on another backend than TensorFlow, or the network has no such layer.
    """
    tensorflow = _tensorflow()
    from keras import Model

    probe = Model(model.input, [last_map(model).output, model.output])
    with tensorflow.GradientTape() as tape:
        maps, logits = probe(tensorflow.constant(face[np.newaxis]), training=False)
        score = logits[0, column]
    weights = tape.gradient(score, maps).numpy()[0].mean(axis=(0, 1))
    evidence = np.maximum(maps.numpy()[0] @ weights, 0)
    heat: Float = cv2.resize(evidence, (face.shape[1], face.shape[0]), interpolation=cv2.INTER_CUBIC).clip(0)
    return heat


def last_map(model: "Model") -> Any:
    """Return the last layer whose output is a map of more than one pixel."""
    for layer in reversed(model.layers):
        shape: tuple[int | None, ...] = tuple(layer.output.shape)
        if len(shape) == 4 and (shape[1] or 0) > 1:
            return layer
    raise ConfigError(f"{model.name}: no layer gives a map to look at. Grad-CAM needs a convolutional network.")


def _tensorflow() -> Any:
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"Gradients need TensorFlow, and KERAS_BACKEND is {keras.backend.backend()!r}. Unset it.")
    import tensorflow

    return tensorflow
