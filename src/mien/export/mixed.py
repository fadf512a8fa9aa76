"""Mixed precision: the few layers that integers serve worst stay float, until a quantised file is accurate enough."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mien.data.sampling import spread
from mien.export.parity import file_scores
from mien.export.quantize import weighted_layers, write_int8_with
from mien.preprocess import Float32
from mien.types import Float

MAX_FLOAT_LAYERS = 6
NUM_FACES = 64
"""Representative faces that layers are ranked on."""


def choose_float_layers(
    float32_path: Path,
    ranges: dict[str, Any],
    inputs: Float32,
    write: Callable[[tuple[str, ...]], None],
    is_good: Callable[[], bool],
    say: Callable[[str], None],
) -> tuple[str, ...]:
    """Leave one more layer float at a time, the most harmful first, until the file is good; return their names.

    Args:
        ranges: Of the activations, from ``write_int8``.
        inputs: (N, H, W, C) representative inputs, label by label; 64 of all labels rank the layers.
        write: Writes the file with some layers float.
        is_good: Whether the file as written last is accurate enough.
        say: Receives a line for each try.

    Returns:
        The layers; the file is written with them, good or not.
    """
    ranked = _by_harm(float32_path, ranges, inputs[spread(len(inputs), NUM_FACES)])[:MAX_FLOAT_LAYERS]
    for count in range(1, len(ranked) + 1):
        chosen = tuple(ranked[:count])
        write(chosen)
        say(f"int8 loses too much accuracy; tried with {count} of {len(ranked)} layers float: {chosen[-1]}")
        if is_good():
            return chosen
    return tuple(ranked)


def _by_harm(float32_path: Path, ranges: dict[str, Any], inputs: Float32) -> list[str]:
    """Return the layers in the order of how much closer scores come when this one alone stays float, the best first."""
    expected = file_scores(float32_path, "litert")(inputs)
    distances = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "try.tflite"
        for layer in weighted_layers(float32_path):
            write_int8_with(float32_path, ranges, path, float_layers=[layer])
            distances[layer] = _distance(file_scores(path, "litert")(inputs), expected)
    return sorted(distances, key=lambda layer: distances[layer])


def _distance(scores: Float, expected: Float) -> float:
    return float(np.abs(scores - expected).mean())
