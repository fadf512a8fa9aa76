"""The optimisers that the papers name, from Keras."""

import math
from dataclasses import dataclass
from typing import Any

NAMES = ("sgd", "nesterov", "asgd", "adam", "amsgrad", "adamw", "adadelta", "adagrad", "rmsprop")


@dataclass(frozen=True)
class OptimizerSpec:
    """What moves the weights, for how long."""

    name: str = "nesterov"
    """``sgd`` (with momentum), ``nesterov`` (the same with Nesterov's), ``asgd`` (sgd that evaluates the plain average of all
    weights so far, Polyak and Juditsky 1992), ``adam``, ``amsgrad``, ``adamw``, ``adadelta``, ``adagrad`` or ``rmsprop``."""
    epochs: int = 45
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    """Of ``sgd``, ``nesterov``, ``asgd`` and ``rmsprop``."""
    weight_decay: float = 0.0
    """Decoupled and multiplied by the rate. An L2 penalty of 1e-4 in PyTorch's SGD with momentum 0.9 equals 1e-3 here."""
    ema_momentum: float = 0.0
    """Decay of the weights' moving average, per step; the average is what is evaluated and exported. 0 keeps none."""

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"name must be one of {', '.join(NAMES)}, got {self.name!r}")
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay must be 0 or above, got {self.weight_decay}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must lie in 0..1, got {self.momentum}")
        if not 0 <= self.ema_momentum < 1:
            raise ValueError(f"ema_momentum must lie in 0..1, got {self.ema_momentum}")
        if self.name == "asgd" and self.ema_momentum:
            raise ValueError("asgd keeps its own average; set ema_momentum to 0")

    @property
    def averages(self) -> bool:
        """Whether an average of the weights is evaluated in their place."""
        return self.ema_momentum > 0 or self.name == "asgd"


def build_optimizer(spec: OptimizerSpec) -> Any:
    """Return a Keras optimiser; the training loop sets its rate before every step."""
    import keras

    common: dict[str, Any] = {"learning_rate": spec.learning_rate, "weight_decay": spec.weight_decay or None}
    if spec.ema_momentum:
        common |= {"use_ema": True, "ema_momentum": spec.ema_momentum}
    if spec.name in ("sgd", "nesterov"):
        optimizer = keras.optimizers.SGD(momentum=spec.momentum, nesterov=spec.name == "nesterov", **common)
    elif spec.name == "asgd":
        optimizer = _averaged_sgd()(momentum=spec.momentum, use_ema=True, **common)
    elif spec.name == "rmsprop":
        optimizer = keras.optimizers.RMSprop(momentum=spec.momentum, **common)
    else:
        kinds: dict[str, Any] = {
            "adam": keras.optimizers.Adam,
            "amsgrad": lambda **options: keras.optimizers.Adam(amsgrad=True, **options),
            "adamw": keras.optimizers.AdamW,
            "adadelta": keras.optimizers.Adadelta,
            "adagrad": keras.optimizers.Adagrad,
        }
        optimizer = kinds[spec.name](**common)
    if spec.weight_decay:
        # Scales and offsets do not overfit; shrinking them only slows training.
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _averaged_sgd() -> Any:
    """Return SGD whose kept average weighs every step alike."""
    import keras
    from keras import ops

    class AveragedSGD(keras.optimizers.SGD):  # type: ignore[misc]  # Keras is untyped here
        # Keras averages exponentially; this replaces its one averaging step, called with the new weights.
        def _update_model_variables_moving_average(self, trainable_variables: list[Any]) -> None:
            share = 1 / (ops.cast(self.iterations, "float32") + 1)
            for variable, average in zip(trainable_variables, self._model_variables_moving_average, strict=True):
                average.assign(average + share * (variable - average))

    return AveragedSGD
