"""A bundle back into a network that can be trained, explained or taught by: its float32 file holds all that is needed.

Exporting folds batch normalisation into the convolution before it. Here each convolution takes the folded weights, and its
normalisation the statistics that real faces give, such that the network answers as the file does, in training's mode as well.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.card import Bundle
from mien.errors import ModelFileError
from mien.models.catalog import build_model
from mien.pictures import read_picture
from mien.preprocess import Float32, prepare
from mien.runtime.classifier import load_network, run_each
from mien.runtime.graph import WEIGHTED, Graph, read_graph
from mien.training.losses import scores_of_logits

if TYPE_CHECKING:
    from keras import Model

TOLERANCE = 1e-3
MAX_COMPARED = 8
# Keras numbers the layers of an exported copy: functional_1/stem_1/convolution holds the kernel of "stem".
_KERNEL = re.compile(r"([^/;]+)_\d+/(?:convolution|depthwise|MatMul)\b")


def asked_network(bundle: Bundle) -> "Model":
    """Return the bundle's network in Keras, for asking and explaining: its statistics, which only training would use, are the portraits'.

    Raises:
        UnknownNameError, ModelFileError, MissingExtraError: as ``network_of_bundle``.
    """
    portraits = sorted(Path(str(files("mien") / "media")).glob("*.jpg"))
    inputs = [prepare([read_picture(path)], bundle.card.preprocess) for path in portraits]
    return network_of_bundle(bundle, np.concatenate(inputs))


def network_of_bundle(bundle: Bundle, inputs: Float32) -> "Model":
    """Return the bundle's network in Keras, from (N, H, W, C) to (N, K) logits, answering as its float32 file does.

    Args:
        inputs: (N, H, W, C) prepared faces, which give the statistics; a few hundred are enough.

    Raises:
        UnknownNameError: the bundle has no float32 file, or the catalog no such network.
        ModelFileError: the network cannot be taken back from the file: normalisation stands before its convolutions, or it was built
            with options of its own.
        MissingExtraError: the training framework is not installed.
    """
    card, path = bundle.card, bundle.file("float32")
    shape = (*card.preprocess.size_hw, card.preprocess.channels)
    model = build_model(card.network.architecture, len(card.labels), shape)
    graph = read_graph(path)
    followers = _assign(model, _read_kernels(graph, path), path)
    _fit_statistics(model, followers, inputs)
    some = inputs[:MAX_COMPARED]
    found = scores_of_logits(np.asarray(model.predict_on_batch(some), np.float64), loss_of(graph))
    difference = float(np.abs(found - run_each(load_network(path), some)).max(initial=0.0))
    if not difference <= TOLERANCE:
        raise ModelFileError(f"{path}: the network taken back from it answers differently, by {difference:.2g}. Start from its run folder.")
    return model


def _read_kernels(graph: Graph, path: Path) -> dict[str, tuple[Float32, Float32]]:
    """Return kernel and bias by layer, as the file has them."""
    kernels = {}
    for operation in graph.operations:
        if operation.name not in WEIGHTED:
            continue
        name = str(graph.tensors[operation.inputs[1]]["name"])
        match = _KERNEL.search(name)
        if match is None:
            raise ModelFileError(f"{path}: the tensor {name[:60]!r} names no layer. Start from the run folder.")
        kernel, *bias = (graph.interpreter.get_tensor(index) for index in operation.inputs[1:])
        num_outputs = kernel.shape[-1] if operation.name == "DEPTHWISE_CONV_2D" else kernel.shape[0]
        kernels[match[1]] = (kernel, bias[0] if bias else np.zeros(num_outputs, np.float32))  # a bias of zeros is left out of files
    return kernels


def loss_of(graph: Graph) -> str:
    """Return the loss whose scores the file gives: a sigmoid per label, or a softmax over all."""
    return "binary_crossentropy" if any(operation.name == "LOGISTIC" for operation in graph.operations[-4:]) else "crossentropy"


def _assign(model: "Model", kernels: dict[str, tuple[Float32, Float32]], path: Path) -> dict[str, Any]:
    """Give every layer its kernel; return the normalisation that follows each convolution, by the convolution's name."""
    from keras import layers

    producers = {id(layer.output): layer for layer in model.layers}
    followers = {
        producers[id(layer.input)].name: layer
        for layer in model.layers
        if isinstance(layer, layers.BatchNormalization) and id(layer.input) in producers
    }
    weighted = {layer.name: layer for layer in model.layers if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense)}
    if set(weighted) != set(kernels) or not set(followers) <= set(weighted):
        raise ModelFileError(
            f"{path}: its {len(kernels)} layers are not the {len(weighted)} of {model.name}, or normalisation stands elsewhere than behind "
            "convolutions. Start from the run folder."
        )
    for name, layer in weighted.items():
        kernel, bias = kernels[name]
        values = _to_keras(kernel, layer)
        if values.shape != tuple(layer.kernel.shape):
            raise ModelFileError(f"{path}: {name} holds {values.shape}, the network wants {tuple(layer.kernel.shape)}.")
        layer.kernel.assign(values)
        if name in followers:
            _set_normalization(followers[name], bias, np.zeros_like(bias), np.ones_like(bias))
        if layer.use_bias:
            layer.bias.assign(np.zeros_like(bias) if name in followers else bias)
    return followers


def _to_keras(kernel: Float32, layer: Any) -> Float32:
    """Turn LiteRT's order of axes into Keras's."""
    from keras import layers

    if isinstance(layer, layers.DepthwiseConv2D):
        return kernel.reshape(tuple(layer.kernel.shape))
    order = (1, 0) if kernel.ndim == 2 else (1, 2, 3, 0)
    return kernel.transpose(order)


def _set_normalization(layer: Any, bias: Float32, mean: Float32, variance: Float32) -> None:
    """Set statistics, and scale and shift so that the layer adds ``bias`` and does nothing else."""
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(variance)
    layer.gamma.assign(np.sqrt(variance + layer.epsilon))
    layer.beta.assign(bias + mean)


def _fit_statistics(model: "Model", followers: dict[str, Any], inputs: Float32) -> None:
    """Replace the statistics by those of real inputs; what the network answers stays the same."""
    from keras import Model

    if not len(inputs) or not followers:
        return
    layers = list(followers.values())
    probe = Model(model.input, [layer.input for layer in layers])
    for layer, values in zip(layers, probe.predict(inputs, batch_size=64, verbose=0), strict=True):
        bias = np.asarray(layer.beta) - np.asarray(layer.moving_mean)
        _set_normalization(layer, bias, values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2)))
