"""Which labels of a data set an experiment uses: five, seven or eight of them, merged or renamed where it says so."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mien.data.manifest import Manifest, Sample
from mien.errors import ConfigError, UnknownNameError
from mien.labels import FER5, FER7, FER8, LabelSet
from mien.types import Float

LABEL_SETS: Mapping[str, LabelSet] = {"FER5": FER5, "FER7": FER7, "FER8": FER8}


@dataclass(frozen=True)
class LabelSpec:
    """Labels of an experiment; the default keeps those of the data set."""

    labels: str = ""
    """``FER5``, ``FER7``, ``FER8`` or names with commas between; samples of other labels are dropped. Empty keeps all."""
    rename: dict[str, str] = field(default_factory=dict)
    """Label of the data set to the label that it counts as, applied first. ``{contempt = "disgust"}`` joins two labels;
    ``{fear = "fear_sad", sad = "fear_sad"}`` joins them under a new name."""

    def __post_init__(self) -> None:
        if self.labels and self.labels not in LABEL_SETS:
            names = self._names()
            if len(names) < 2 or "" in names:
                raise ValueError(f"labels must be {', '.join(LABEL_SETS)} or at least two names with commas between, got {self.labels!r}")
            if len(set(names)) < len(names):
                raise ValueError(f"labels names something twice: {self.labels!r}")
        if any(not new.strip() for new in self.rename.values()):
            raise ValueError(f"rename must map to names, got {self.rename}")

    def _names(self) -> LabelSet:
        return tuple(name.strip() for name in self.labels.split(","))

    def wanted(self, available: LabelSet) -> LabelSet:
        """Return the labels, in order, that are left of a data set's ``available`` ones.

        Raises:
            UnknownNameError: a label is asked for or renamed that the data set does not have.
            ConfigError: fewer than two labels are left.
        """
        for old in self.rename:
            if old not in available:
                raise UnknownNameError("Label to rename", old, available)
        renamed = tuple(dict.fromkeys(self.rename.get(label, label) for label in available))
        wanted = LABEL_SETS.get(self.labels) or (self._names() if self.labels else renamed)
        for label in wanted:
            if label not in renamed:
                raise UnknownNameError("Label", label, renamed)
        if len(wanted) < 2:
            raise ConfigError(f"Of the labels {', '.join(available)} only {', '.join(wanted)} is left. Keep at least two.")
        return wanted


def select_labels(manifest: Manifest, spec: LabelSpec) -> tuple[Manifest, str]:
    """Keep, drop and rename labels, with the votes for them.

    Returns:
        The manifest and one line that says what was dropped and renamed, with counts; the same manifest and an empty line
        where nothing changes.

    Raises:
        UnknownNameError: a label is asked for or renamed that the data set does not have.
        ConfigError: fewer than two labels or no samples are left.
    """
    labels = spec.wanted(manifest.labels)
    if labels == manifest.labels and not spec.rename:
        return manifest, ""
    names = [spec.rename.get(label, label) for label in manifest.labels]
    to_new = np.array([[name == label for label in labels] for name in names], np.float64)
    new_of = dict(zip(manifest.labels, names, strict=True))
    kept = tuple(
        replace(sample, label=new_of[sample.label], votes=_map_votes(sample, to_new))
        for sample in manifest.samples
        if new_of[sample.label] in labels
    )
    if not kept:
        raise ConfigError(f"{manifest.dataset}: no sample has any of the labels {', '.join(labels)}. Choose others.")
    return replace(manifest, labels=labels, samples=kept), _describe(manifest, new_of, labels, len(kept))


def _map_votes(sample: Sample, to_new: Float) -> Float | None:
    """Return the votes for the new labels: those of joined labels are added up, those of dropped ones fall away."""
    if sample.votes is None:
        return None
    votes: Float = sample.votes @ to_new
    return votes if votes.sum() > 0 else None


def _describe(manifest: Manifest, new_of: Mapping[str, str], labels: LabelSet, num_kept: int) -> str:
    """Return what was dropped and renamed, with counts."""
    counts = Counter(sample.label for sample in manifest.samples)
    renamed = [f"{old} as {new} {counts[old]:,}" for old, new in new_of.items() if old != new and new in labels]
    dropped = [f"{old} {counts[old]:,}" for old, new in new_of.items() if new not in labels]
    parts = [f"{num_kept:,} of {len(manifest):,} samples kept"]
    parts += [f"renamed: {', '.join(renamed)}"] if renamed else []
    parts += [f"dropped: {', '.join(dropped)}"] if dropped else []
    return "; ".join(parts)
