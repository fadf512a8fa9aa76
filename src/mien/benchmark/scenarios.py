"""The scenarios of ``mien benchmark stream``, by name."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mien.benchmark.clips import NUM_SEEDS, Look, fer2013_looks
from mien.benchmark.likeness import measure_likeness
from mien.benchmark.steadiness import choose_pairs, measure_delay, measure_flicker, measure_following, measure_identities
from mien.benchmark.stream import measure_cost, measure_crowd, measure_hour, measure_kill, measure_slow
from mien.card import DEFAULT_BUNDLE, open_shipped
from mien.data.catalog import load_dataset
from mien.errors import DataError
from mien.evaluation.metrics import risk_coverage
from mien.pipeline import Recognizer
from mien.types import OnProgress

FILES = ("float32", "int8")
COVERAGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.5)
NAMES = (
    *("abstain", "cost", "crowd", "crossing", "occlusion", "crossing_unseen", "occlusion_unseen", "replacement", "likeness"),
    *("following", "flicker", "delay", "slow", "hour", "kill"),
)
_NEED_FACES = {
    "crowd": 5,
    "crossing": 2 * NUM_SEEDS,
    "occlusion": 2 * NUM_SEEDS,
    "crossing_unseen": 2 * NUM_SEEDS,
    "occlusion_unseen": 2 * NUM_SEEDS,
    "replacement": 2 * NUM_SEEDS,
    "following": NUM_SEEDS,
    "flicker": NUM_SEEDS,
    "delay": 160,
}
UNSEEN = "_unseen"
FIRST_UNSEEN_SEED = 1000
DETECTOR = "yunet"
"""What ``auto`` takes for cameras; the time per frame is measured with BlazeFace as well."""


def measure_scenario(name: str, data: Path, on_progress: OnProgress) -> dict[str, Any]:
    """Measure one scenario of ``NAMES``, and return it with the model it was measured with.

    Args:
        data: Folder of FER2013, whose faces stand in most scenes.

    Raises:
        DataError: the data are not FER2013.
        ModelFileError: a detector's model file cannot be had.
    """
    card = open_shipped(DEFAULT_BUNDLE).card
    looks = fer2013_looks(data, _NEED_FACES[name], seed=int(name.endswith(UNSEEN))) if name in _NEED_FACES else []
    model = {"model": card.name, "files_sha256": {file: card.files[file].sha256 for file in FILES}}
    if name == "abstain":
        return model | measure_abstaining(data)
    if name == "likeness":
        return model | measure_likeness(data, DETECTOR, on_progress)
    return model | _MEASURES[name](looks, on_progress)


def measure_abstaining(data: Path) -> dict[str, Any]:
    """Return how often the model is wrong on PublicTest when it abstains from the least sure faces."""
    manifest = load_dataset("fer2013", data).split("publictest")
    recognizer = Recognizer(detector="haar")
    scores = recognizer.classify([sample.pixels() for sample in manifest.samples])
    threshold = recognizer.bundle.card.calibration.abstain_below
    coverage = float((scores.max(axis=1) >= threshold).mean())
    points = [asdict(point) for point in risk_coverage(scores, manifest.label_indices, COVERAGES)]
    return {"scenario": "abstain", "split": "publictest", "n": len(manifest), "card": [threshold, coverage], "points": points}


def _unseen(kind: str, looks: list[Look], on_progress: OnProgress) -> dict[str, Any]:
    """Count identity switches on other faces and seeds than those that parameters were chosen on."""
    return measure_identities(kind, DETECTOR, looks, on_progress, FIRST_UNSEEN_SEED) | {"scenario": f"{kind}{UNSEEN}"}


def _delay(looks: list[Look], on_progress: OnProgress) -> dict[str, Any]:
    pairs = choose_pairs(looks, Recognizer(detector=DETECTOR, policy="camera"), NUM_SEEDS)
    if len(pairs) < NUM_SEEDS:
        raise DataError(f"Only {len(pairs)} of {NUM_SEEDS} pairs of faces are read surely; there is nothing to measure with the rest.")
    return measure_delay(DETECTOR, pairs, on_progress)


_MEASURES: dict[str, Callable[[list[Look], OnProgress], dict[str, Any]]] = {
    "cost": lambda _, show: measure_cost(("blazeface", DETECTOR), FILES, show),
    "crowd": lambda looks, show: measure_crowd(looks, FILES, show),
    "crossing": lambda looks, show: measure_identities("crossing", DETECTOR, looks, show),
    "occlusion": lambda looks, show: measure_identities("occlusion", DETECTOR, looks, show),
    "crossing_unseen": lambda looks, show: _unseen("crossing", looks, show),
    "occlusion_unseen": lambda looks, show: _unseen("occlusion", looks, show),
    "replacement": lambda looks, show: measure_identities("replacement", DETECTOR, looks, show),
    "following": lambda looks, show: measure_following(DETECTOR, looks, show),
    "flicker": lambda looks, show: measure_flicker(DETECTOR, looks, show),
    "delay": _delay,
    "slow": lambda _, show: measure_slow(20.0, show),
    "hour": lambda _, show: measure_hour(60.0, show),
    "kill": lambda _, show: measure_kill(5, show),
}
