"""FER+ (Barsoum et al. 2016, arXiv 1608.01041): the pictures of FER2013 with new labels, voted by ten people each.

The paper trains in several ways, and each keeps other pictures; the rules are those of the authors' program. In all of them
a category with a single vote counts as a slip and is struck first, and a picture is left out where "unknown" or "no face"
lead.

- majority: pictures one expression of which has more than half of the votes; it is the label.
- probability: the largest categories are taken, equal ones together, until they hold three quarters of the votes or are
  three. The picture stays where they hold more than half and are no more than three; their votes are its distribution.
- multi-target: every expression with at least 30 % of the votes is a target, all of equal weight. The picture stays where
  the categories above that line hold more than half.

The label of the two last is the expression with most votes, of equal ones the first in the order of the file. Pictures come
from a copy of FER2013 with ``fer2013new.csv`` beside it, or from the folders that the authors' program writes
(``FER2013Train/fer0000000.png``, ``FER2013Valid``, ``FER2013Test``).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.data.fer2013 import SPLIT_OF_USAGE, VoteTable, join_votes, read_pictures, read_votes, votes_path_of
from mien.data.files import read_rows
from mien.data.manifest import Manifest, Sample, check_counts
from mien.data.problems import Problems
from mien.errors import DataError
from mien.labels import FER8
from mien.types import Float

# Columns of fer2013new.csv, in its order; the two last are no expressions.
_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
_LABELS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
_TO_FER8 = [_LABELS.index(label) for label in FER8]
_FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}

# Class counts in the order of FER8, by the rules above on the published fer2013new.csv.
COUNTS: dict[str, dict[str, tuple[int, ...]]] = {
    "majority": {
        "training": (2100, 119, 532, 7287, 3014, 3149, 8740, 119),
        "publictest": (287, 24, 62, 865, 351, 415, 1182, 13),
        "privatetest": (273, 18, 83, 893, 384, 396, 1090, 16),
    },
    "probability": {
        "training": (2407, 169, 641, 7503, 3430, 3524, 10122, 160),
        "publictest": (314, 31, 72, 897, 401, 450, 1317, 23),
        "privatetest": (320, 22, 92, 925, 435, 435, 1251, 25),
    },
    "multi-target": {
        "training": (2327, 153, 598, 7492, 3399, 3486, 10071, 145),
        "publictest": (307, 30, 71, 893, 400, 446, 1307, 18),
        "privatetest": (302, 21, 90, 921, 434, 438, 1243, 23),
    },
}

LEARNED_BY_VOTES = ("ferplus_probability", "ferplus_multitarget")
"""Names of the data sets whose recipes should learn the votes: targets.vote_weight = 1."""

Rule = Callable[[Float], Float | None]
"""(10,) votes without slips to the (8,) weights of expressions in the order of the file, or None for a picture left out."""


def load_majority(root: Path, check: bool = True) -> Manifest:
    """Read FER+ with one label a picture; ``check`` compares class counts with those of the published file.

    Raises:
        DataError: no known layout, or wrong rows or class counts; it lists all of them.
    """
    manifest = _load(root, "ferplus", "majority", _majority, check)
    return replace(manifest, samples=tuple(replace(sample, votes=None) for sample in manifest.samples))


def load_probability(root: Path, check: bool = True) -> Manifest:
    """Read FER+ with vote distributions, as ``load_majority`` does."""
    return _load(root, "ferplus_probability", "probability", _probability, check)


def load_multitarget(root: Path, check: bool = True) -> Manifest:
    """Read FER+ with several equal targets a picture, as ``load_majority`` does."""
    return _load(root, "ferplus_multitarget", "multi-target", _multitarget, check)


def _load(root: Path, name: str, mode: str, rule: Rule, check: bool) -> Manifest:
    problems = Problems()
    votes_path = votes_path_of(root)
    if not votes_path.is_file():
        raise DataError(f"{votes_path}: no such file. Put the votes of FER+ (github.com/microsoft/FERPlus) beside the pictures.")
    table = read_votes(votes_path, _COLUMNS, problems)
    is_written = any((root / folder).is_dir() for folder in _FOLDERS.values())
    pictures = list(_read_written(root, votes_path, table, problems)) if is_written else read_pictures(root, problems)
    problems.raise_if_any(name)
    voted = pictures if is_written else join_votes(pictures, table, votes_path)
    samples = [relabelled for sample in voted if (relabelled := _relabel(sample, rule))]
    manifest = Manifest(name, FER8, tuple(samples), label_source=f"ferplus {mode}")
    if check:
        check_counts(manifest, COUNTS[mode], problems)
    problems.raise_if_any(name)
    return manifest


def _read_written(root: Path, votes_path: Path, table: VoteTable, problems: Problems) -> Iterator[Sample]:
    """Yield the pictures that the authors' program wrote; rows without a picture name are no faces."""
    for row, (where, cells) in enumerate(read_rows(votes_path, ["Usage", "Image name"])):
        usage, name = cells["Usage"], cells["Image name"]
        if usage not in _FOLDERS:
            problems.add(f"{where}: expected a Usage of {', '.join(_FOLDERS)}, got {usage[:20]!r}.")
        elif name and row in table:
            path = root / _FOLDERS[usage] / name
            if not path.is_file():
                problems.add(f"{where}: the picture {path} is missing.")
            yield Sample(path, "", SPLIT_OF_USAGE[usage], row, table[row][1])


def _relabel(sample: Sample, rule: Rule) -> Sample | None:
    """Return the sample with the label and weights of a rule, or None where it is left out."""
    if sample.votes is None:
        return None
    votes = np.where(sample.votes > 1, sample.votes, 0)
    weights = rule(votes) if votes.any() else None
    if weights is None:
        return None
    label = _LABELS[int(np.argmax(votes[: len(_LABELS)] * (weights > 0)))]
    return replace(sample, label=label, votes=weights[_TO_FER8])


def _majority(votes: Float) -> Float | None:
    expressions = votes[: len(_LABELS)]
    winner: Float = np.where(expressions > votes.sum() / 2, 1.0, 0.0)
    return winner if winner.any() else None


def _probability(votes: Float) -> Float | None:
    kept = np.zeros_like(votes)
    for count in sorted(set(votes[votes > 0]), reverse=True):
        if kept.sum() >= 0.75 * votes.sum() or np.count_nonzero(kept) >= 3:
            break
        equal = votes == count
        kept[equal] = count
        if equal[len(_LABELS) :].any():
            break
    expressions = kept[: len(_LABELS)]
    is_clear = expressions.sum() > votes.sum() / 2 and np.count_nonzero(expressions) <= 3
    return expressions if is_clear else None


def _multitarget(votes: Float) -> Float | None:
    kept = np.where(votes >= 0.3 * votes.sum(), votes, 0)
    if kept.sum() <= votes.sum() / 2 or kept.argmax() >= len(_LABELS):
        return None
    targets: Float = (kept[: len(_LABELS)] > 0).astype(np.float64)
    return targets
