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
    sharpness_radius: float = 0.0
    """Sharpness-aware minimisation with ``sgd`` and ``nesterov`` (Foret et al. 2021, arXiv 2010.01412): a step from the weights
    follows the gradient of a point this far uphill (Euclidean distance over all weights). Two passes, so twice the time; 0.05 to 0.1 is
    usual, 0 leaves it out."""

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"name must be one of {', '.join(NAMES)}, got {self.name!r}")
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(f"weight_decay must be 0 or above, got {self.weight_decay}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must lie in 0..1, got {self.momentum}")
        if not 0 <= self.ema_momentum < 1:
            raise ValueError(f"ema_momentum must lie in 0..1, got {self.ema_momentum}")
        if self.name == "asgd" and self.ema_momentum:
            raise ValueError("asgd keeps its own average; set ema_momentum to 0")
        self._check_sharpness()

    def _check_sharpness(self) -> None:
        if not 0 <= self.sharpness_radius < math.inf:
            raise ValueError(f"sharpness_radius must be 0 or above, got {self.sharpness_radius}")
        if self.sharpness_radius and self.name not in ("sgd", "nesterov"):
            raise ValueError(f"sharpness_radius goes with 'sgd' and 'nesterov', not with {self.name!r}")

    @property
    def averages(self) -> bool:
        """Whether an average of the weights is evaluated in their place."""
        return self.ema_momentum > 0 or self.name == "asgd"

    @property
    def passes(self) -> int:
        """Passes over a batch that make one step."""
        return 2 if self.sharpness_radius else 1


def build_optimizer(spec: OptimizerSpec) -> Any:
    """Return a Keras optimiser; the training loop sets its rate before every step."""
    import keras

    common: dict[str, Any] = {"learning_rate": spec.learning_rate, "weight_decay": spec.weight_decay or None}
    if spec.ema_momentum:
        common |= {"use_ema": True, "ema_momentum": spec.ema_momentum}
    if spec.name in ("sgd", "nesterov"):
        kind = _sharpness_aware_sgd(spec.sharpness_radius) if spec.sharpness_radius else keras.optimizers.SGD
        optimizer = kind(momentum=spec.momentum, nesterov=spec.name == "nesterov", **common)
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


def _sharpness_aware_sgd(radius: float) -> Any:
    """Return SGD that makes a step of two calls with gradients of one batch: the first climbs, the second steps from where that began."""
    import keras
    from keras import ops

    class SharpnessAwareSGD(keras.optimizers.SGD):  # type: ignore[misc]  # Keras is untyped here
        def build(self, variables: list[Any]) -> None:
            if not self.built:
                super().build(variables)
                self._climbs = self.add_optimizer_variables(variables, "climb")

        def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> None:
            weights = self._trainable_variables
            is_climb = ops.equal(self.iterations % 2, 0)
            norm = ops.sqrt(sum(ops.sum(ops.square(grad)) for grad in grads))
            climbs = [grad * (radius / (norm + 1e-12)) for grad in grads]
            for weight, climb in zip(weights, self._climbs, strict=True):
                weight.assign(weight - climb)  # nothing, where this is a climb
            before = [ops.copy(weight) for weight in weights]
            momenta = [ops.copy(momentum) for momentum in self.momentums]
            # The moving average starts at the weights themselves.
            averages = [ops.where(self.iterations > 0, *pair) for pair in zip(self._averages, weights, strict=False)]
            super().apply(grads, trainable_variables)
            # No branch but a choice of results: a traced program cannot skip assignments.
            for weight, start, climb in zip(weights, before, climbs, strict=True):
                weight.assign(ops.where(is_climb, start + climb, weight))
            for kept, olds in ((self.momentums, momenta), (self._averages, averages)):
                for variable, old in zip(kept, olds, strict=True):
                    variable.assign(ops.where(is_climb, old, variable))
            for variable, climb in zip(self._climbs, climbs, strict=True):
                variable.assign(ops.where(is_climb, climb, 0.0))

        @property
        def _averages(self) -> list[Any]:
            averages: list[Any] = self._model_variables_moving_average if self.use_ema else []
            return averages

    return SharpnessAwareSGD
