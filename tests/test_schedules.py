"""Learning rates, stopping, losses and optimisers: each against values worked out by hand."""

from typing import Any

import numpy as np
import pytest

from mien.errors import ConfigError
from mien.training.history import EpochResult, StoppingSpec, best_epoch, is_best, is_over
from mien.training.losses import LossSpec, build_loss, label_weights, scores_of_logits
from mien.training.optimizers import NAMES, OptimizerSpec, build_optimizer
from mien.training.schedules import ScheduleSpec, learning_rate


def history(*accuracies: float) -> list[EpochResult]:
    return [{"validation_accuracy": accuracy, "validation_loss": 1 - accuracy} for accuracy in accuracies]


@pytest.mark.parametrize(
    ("spec", "at_epoch", "rate"),
    [
        (ScheduleSpec("constant"), 7.5, 1.0),
        (ScheduleSpec("constant", warmup_epochs=2), 0.5, 0.25),
        (ScheduleSpec("cosine"), 0.0, 1.0),
        (ScheduleSpec("cosine"), 5.0, 0.5),
        (ScheduleSpec("cosine", warmup_epochs=2), 6.0, 0.5),
        (ScheduleSpec("cosine"), 10.0, 0.0),
        (ScheduleSpec("step", every_epochs=3, factor=0.1), 6.5, 0.01),
        (ScheduleSpec("restarts", every_epochs=2), 4.0, 1.0),
        (ScheduleSpec("restarts", every_epochs=2, period_factor=2.0), 4.0, 0.5),
        (ScheduleSpec("one_cycle"), 0.0, 0.04),
        (ScheduleSpec("one_cycle"), 3.0, 1.0),
        (ScheduleSpec("one_cycle"), 10.0, 0.04e-4),
    ],
)
def test_rates_are_those_of_the_formulas(spec: ScheduleSpec, at_epoch: float, rate: float) -> None:
    assert learning_rate(spec, 1.0, 10, at_epoch, []) == pytest.approx(rate)


def test_a_plateau_lowers_the_rate_down_to_the_floor() -> None:
    spec = ScheduleSpec("plateau", factor=0.5, patience=2, floor=0.2)
    seen = history(0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3)
    rates = [learning_rate(spec, 1.0, 20, epoch, seen[:epoch]) for epoch in range(11)]
    assert rates == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2]
    by_loss = ScheduleSpec("plateau", factor=0.5, patience=2, floor=0.2, monitor="validation_loss")
    assert [learning_rate(by_loss, 1.0, 20, epoch, seen[:epoch]) for epoch in range(11)] == rates


def test_training_stops_and_keeps_by_the_history() -> None:
    seen = history(0.3, 0.5, 0.5, 0.4)
    assert best_epoch(seen, "validation_accuracy") == 1
    assert is_over(seen, StoppingSpec(patience=2), 100)
    assert not is_over(seen, StoppingSpec(patience=3), 100)
    assert is_over(seen, StoppingSpec(), 4)
    assert is_best(seen[:2], StoppingSpec())
    assert not is_best(seen[:3], StoppingSpec())
    with pytest.raises(ValueError, match="monitor must be"):
        StoppingSpec(monitor="luck")


def test_label_weights_even_out_what_the_loss_sees() -> None:
    labels = np.array([0] * 6 + [1] * 2)
    weights = label_weights(LossSpec(class_weights="balanced"), labels, 2)
    assert weights is not None
    np.testing.assert_allclose(weights * [6, 2], [4, 4])
    given = label_weights(LossSpec(weights=(1.0, 3.0)), labels, 2)
    assert given is not None
    np.testing.assert_allclose(given[labels].mean(), 1)
    assert label_weights(LossSpec(), labels, 2) is None
    with pytest.raises(ConfigError, match="2 values for 3 labels"):
        label_weights(LossSpec(weights=(1.0, 3.0)), labels, 3)
    with pytest.raises(ConfigError, match="no training picture"):
        label_weights(LossSpec(class_weights="balanced"), labels, 3)


def test_losses_are_those_of_the_formulas() -> None:
    logits, targets = np.array([[2.0, 0.0, -1.0]], np.float32), np.array([[0.0, 1.0, 0.0]], np.float32)
    share = scores_of_logits(logits.astype(np.float64), "crossentropy")[0, 1]
    assert float(build_loss(LossSpec())(targets, logits)) == pytest.approx(-np.log(share), rel=1e-5)
    focal = float(build_loss(LossSpec("focal", focal_gamma=2.0))(targets, logits))
    assert focal == pytest.approx(-((1 - share) ** 2) * np.log(share), rel=1e-4)
    each = 1 / (1 + np.exp(-logits[0].astype(np.float64)))
    binary = -np.log(np.array([1 - each[0], each[1], 1 - each[2]])).mean()
    assert float(build_loss(LossSpec("binary_crossentropy"))(targets, logits)) == pytest.approx(binary, rel=1e-5)
    either = np.array([[0.5, 0.5, 0.0]], np.float32)
    scores = np.exp(logits) / np.exp(logits).sum()
    assert float(build_loss(LossSpec("any_target"))(either, logits)[0]) == pytest.approx(-np.log(0.5 * scores[0, :2].max()), rel=1e-5)
    np.testing.assert_allclose(scores_of_logits(logits.astype(np.float64), "binary_crossentropy")[0], each / each.sum())


def test_disagreement_of_two_views_costs_their_divergence() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 3.0], [3.0, 3.0], [200.0, 0.0], [-200.0, 0.0]], np.float32)
    targets = np.tile(np.array([[1.0, 0.0]], np.float32), (6, 1))
    plain, asked = build_loss(LossSpec())(targets, logits), build_loss(LossSpec(agreement=2.0))(targets, logits)
    first, second = scores_of_logits(logits[:2].astype(np.float64), "crossentropy")
    middle = (first + second) / 2
    divergence = np.mean([(view * np.log(view / middle)).sum() for view in (first, second)])
    extra = np.repeat([divergence, 0, np.log(2)], 2)  # the last two are sure of different labels
    np.testing.assert_allclose(np.mean(asked), float(plain) + 2 * extra.mean(), rtol=1e-5)
    assert np.isfinite(asked).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_optimiser_learns_a_line(name: str) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=build_optimizer(OptimizerSpec(name, learning_rate=0.05, weight_decay=1e-4)), loss="mse", jit_compile=False)
    x = np.linspace(-1, 1, 16, dtype=np.float32)[:, np.newaxis]
    losses = [float(model.train_on_batch(x, 3 * x + 1)) for _ in range(20)]
    assert losses[-1] < losses[0]


def test_averaged_sgd_keeps_the_mean_of_all_steps() -> None:
    import keras

    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=build_optimizer(OptimizerSpec("asgd", learning_rate=0.1)), loss="mse", jit_compile=False)
    x = np.linspace(-1, 1, 16, dtype=np.float32)[:, np.newaxis]
    seen = []
    for _ in range(5):
        model.train_on_batch(x, 2 * x)
        seen.append(float(keras.ops.convert_to_numpy(model.layers[0].kernel).item()))
    model.optimizer.finalize_variable_values(model.trainable_variables)
    assert float(keras.ops.convert_to_numpy(model.layers[0].kernel).item()) == pytest.approx(np.mean(seen), rel=1e-5)


def test_sharpness_awareness_steps_by_the_gradient_found_uphill() -> None:
    import keras

    rate, momentum, decay, average_decay, radius = 0.1, 0.9, 0.01, 0.8, 0.3
    spec = OptimizerSpec(
        "nesterov", learning_rate=rate, momentum=momentum, weight_decay=decay, ema_momentum=average_decay, sharpness_radius=radius
    )
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer=build_optimizer(spec), loss="mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 2)), rng.normal(size=(16, 1))
    w = keras.ops.convert_to_numpy(model.layers[0].kernel).astype(np.float64)
    speed, average = np.zeros_like(w), w

    def gradient(at: np.ndarray) -> np.ndarray:
        return np.asarray(2 * x.T @ (x @ at - y) / len(x))

    for _ in range(4):
        for _ in range(spec.passes):
            model.train_on_batch(x.astype(np.float32), y.astype(np.float32))
        uphill = gradient(w)
        found = gradient(w + radius * uphill / np.linalg.norm(uphill))
        speed = momentum * speed - rate * found
        w = w * (1 - decay * rate) + momentum * speed - rate * found
        average = average_decay * average + (1 - average_decay) * w
        np.testing.assert_allclose(keras.ops.convert_to_numpy(model.layers[0].kernel), w, rtol=1e-4)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model.layers[0].kernel), average, rtol=1e-4)


@pytest.mark.parametrize(
    "values", [{"sharpness_radius": -0.1}, {"sharpness_radius": float("nan")}, {"name": "adam", "sharpness_radius": 0.1}]
)
def test_a_wrong_radius_is_told(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="sharpness_radius"):
        OptimizerSpec(**values)
