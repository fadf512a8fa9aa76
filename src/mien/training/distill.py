"""A teacher's answers as targets (Hinton et al. 2015).

Teaching *runs and bundles* are asked about the very pictures that the student sees (``teacher.py``). A *score file* holds what any
model or ensemble said once of every training picture (``mien evaluate TEACHER --split training --out DIR``), at no cost while training.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.data.manifest import Manifest
from mien.data.scores import read_scores
from mien.errors import ConfigError
from mien.labels import columns_of
from mien.runtime.classifier import calibrate
from mien.types import Float


@dataclass(frozen=True)
class DistillSpec:
    """Whom to learn from, and how much."""

    teacher: str = ""
    """Finished run or bundle with the same labels, or several joined with ``+``, whose scores are averaged."""
    scores: str = ""
    """Score file, or its folder, of a teacher's answers to the training split. Neither this nor ``teacher``: labels alone."""
    weight: float = 0.5
    """Share of the teacher's answer in the targets."""
    temperature: float = 1.0
    """Above 1 flattens the teacher's answer."""

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight must lie in 0..1, got {self.weight}")
        if not 0 < self.temperature < np.inf:
            raise ValueError(f"temperature must be above 0, got {self.temperature}")
        if self.teacher and self.scores:
            raise ValueError("teacher and scores name two teachers; leave one out")


def blend_scores(targets: Float, manifest: Manifest, spec: DistillSpec) -> Float:
    """Return (N, K) targets, blended with what the score file says of each sample.

    Raises:
        ConfigError: the file is of other labels or pictures, or lacks samples.
        DataError: it is no score file.
    """
    table = read_scores(Path(spec.scores))
    if set(table.names) != set(manifest.labels):
        raise ConfigError(f"{spec.scores}: has scores of {', '.join(table.names)}; the student learns {', '.join(manifest.labels)}.")
    position = {key: index for index, key in enumerate(table.keys)}
    keys = [(sample.split, str(sample.row)) for sample in manifest.samples]
    missing = [key for key in keys if key not in position]
    if missing:
        raise ConfigError(
            f"{spec.scores}: lacks {len(missing):,} of {len(keys):,} training samples. "
            "Write it with `mien evaluate TEACHER --split training --out DIR`."
        )
    theirs = table.labels[[position[key] for key in keys]]
    if any(table.names[label] != sample.label for label, sample in zip(theirs, manifest.samples, strict=True)):
        raise ConfigError(
            f"{spec.scores}: its samples have other labels than those here, so they are of other pictures. "
            "Write it with `mien evaluate TEACHER --split training --out DIR` on the same data."
        )
    rows = table.scores[[position[key] for key in keys]][:, columns_of(manifest.labels, table.names)]
    if np.isnan(rows).any():
        raise ConfigError(f"{spec.scores}: some training samples have no scores, as faces that a detector missed. Evaluate direct crops.")
    answers = calibrate(rows, spec.temperature)
    blended: Float = (targets * (1 - spec.weight) + answers * spec.weight).astype(np.float32)
    return blended
