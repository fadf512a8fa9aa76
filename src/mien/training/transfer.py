"""What a network brings along, and which of its layers stay as they are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mien.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from keras import Model

POOL = "pool"
"""Layer whose output a frozen backbone is worth; every builder of a pretrained network has it."""


@dataclass(frozen=True)
class TransferSpec:
    """Where weights come from, and how much of them training may change."""

    weights: str = ""
    """Empty for random ones, ``imagenet`` for Keras's download, or a ``.weights.h5`` file of the backbone."""
    freeze: str = ""
    """Empty freezes nothing; ``backbone`` everything up to the pooling; a number the first layers of Keras's list, the input
    counted; a layer's name everything up to and with it. Frozen batch normalisation uses its stored statistics."""
    cached_features: bool = False
    """With freeze = "backbone": compute the backbone's features of every picture and its mirror image once, and train on those."""

    def __post_init__(self) -> None:
        if self.cached_features and self.freeze != "backbone":
            raise ValueError("cached_features needs freeze = 'backbone'")


def freeze(model: "Model", upto: str) -> int:
    """Freeze the first layers of a network, as ``TransferSpec.freeze`` says, and return how many.

    Raises:
        ConfigError: there are not as many layers, or the network has no backbone.
        UnknownNameError: no layer has this name.
    """
    names = [layer.name for layer in model.layers]
    if not upto:
        return 0
    if upto.isdecimal():
        num_frozen = int(upto)
        if not 0 < num_frozen < len(names):
            raise ConfigError(f"transfer.freeze is {upto}; {model.name} has {len(names)} layers, and some must stay trainable.")
    elif upto == "backbone":
        if POOL not in names:
            raise ConfigError(f"{model.name} has no backbone to freeze; name a layer or a number of layers in transfer.freeze.")
        num_frozen = names.index(POOL) + 1
    elif upto in names:
        num_frozen = names.index(upto) + 1
    else:
        raise UnknownNameError(f"{model.name}: layer", upto, names)
    for layer in model.layers[:num_frozen]:
        layer.trainable = False
    return num_frozen


def split_at_pool(model: "Model") -> tuple["Model", "Model"]:
    """Return the backbone, (N, H, W, C) to (N, d), and the head, (N, d) to (N, K) logits; both share the network's layers."""
    from keras import Model

    pooled = model.get_layer(POOL).output
    return Model(model.input, pooled, name="backbone"), Model(pooled, model.output, name="head")
