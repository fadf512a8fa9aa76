"""Size and work of a Keras network, counted from its layers."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras import Model


def count_macs(model: "Model") -> int:
    """Return the multiply-accumulates of convolutions and dense layers for one input.

    Normalisation and activations are left out: they are folded away or cheap.
    """
    from keras import layers

    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.SeparableConv2D):
            kernels = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
            total += math.prod(layer.output.shape[1:3]) * kernels
        elif isinstance(layer, layers.DepthwiseConv2D | layers.Conv2D):
            # Every value of a kernel is used once per output position.
            total += math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
        elif isinstance(layer, layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total
