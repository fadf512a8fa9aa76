"""Several models as one: their mean, or a coarse model with a specialist for each group of labels it confuses."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mien.config import load_toml
from mien.data.crops import ten_crops
from mien.errors import ConfigError
from mien.evaluation.evaluate import restrict
from mien.evaluation.metrics import Int
from mien.labels import LabelSet, columns_of
from mien.types import Classifier, Float, UInt8

MEAN, REGROUP = "mean", "regroup"
ONE, MIRRORED, TEN = "one", "mirrored", "ten"
VIEW_NAMES = {ONE: "", MIRRORED: "mirrored", TEN: "ten crops"}
"""What figures are called that need more than one pass over a face."""
TEN_CROP_SHARE = 46 / 48
"""Side of the ten crops, of the face's; networks that learn on shifted and scaled faces know such views."""


@dataclass(frozen=True)
class Combined:
    """A combined model, as its TOML file describes it.

    Members are shipped bundles by name, or bundle folders, run folders and further TOML files by their place beside the file.
    """

    kind: str
    """``mean`` or ``regroup``."""
    members: tuple[str, ...] = ()
    """mean: the models whose scores are averaged."""
    weights: tuple[float, ...] = ()
    """mean: one per member; empty weighs all alike."""
    views: str = ONE
    """mean: what every member reads of a face: ``one`` crop, that and its ``mirrored`` image, or ``ten`` smaller crops (four corners and
    the middle, each also mirrored). A single member is enough for more than one."""
    coarse: str = ""
    """regroup: the model that tells the groups apart; its labels are the groups' names, or the expressions themselves."""
    groups: dict[str, str] = field(default_factory=dict)
    """regroup: the group of each expression."""
    specialists: dict[str, str] = field(default_factory=dict)
    """regroup: the model of each group with more than one expression."""

    def __post_init__(self) -> None:
        if self.kind not in (MEAN, REGROUP):
            raise ValueError(f"kind must be {MEAN!r} or {REGROUP!r}, got {self.kind!r}")
        if self.kind == MEAN:
            self._check_mean()
        else:
            self._check_regroup()

    def _check_mean(self) -> None:
        if self.coarse or self.groups or self.specialists:
            raise ValueError("coarse, groups and specialists belong to kind 'regroup'")
        if self.views not in VIEW_NAMES:
            raise ValueError(f"views must be one of {', '.join(VIEW_NAMES)}, got {self.views!r}")
        if len(self.members) < (2 if self.views == ONE else 1):
            raise ValueError(f"members must be at least two models, or one with more views, got {list(self.members)}")
        if self.weights and (len(self.weights) != len(self.members) or not all(0 < weight < np.inf for weight in self.weights)):
            raise ValueError(f"weights must be one positive number for each of {len(self.members)} members, got {list(self.weights)}")

    def _check_regroup(self) -> None:
        if self.members or self.weights or self.views != ONE:
            raise ValueError("members, weights and views belong to kind 'mean'")
        names = list(dict.fromkeys(self.groups.values()))
        if not self.coarse or len(names) < 2:
            raise ValueError(f"regroup needs a coarse model and at least two groups, got {self.coarse!r} and {names}")
        wanted = {name for name in names if len(self.labels_of(name)) > 1}
        if set(self.specialists) != wanted:
            raise ValueError(
                f"specialists must be one for each group of more than one expression ({', '.join(sorted(wanted)) or 'none'}), "
                f"got {', '.join(sorted(self.specialists)) or 'none'}"
            )

    def labels_of(self, group: str) -> LabelSet:
        """Return the expressions of a group."""
        return tuple(label for label, name in self.groups.items() if name == group)


def load_combined(path: Path) -> Combined:
    """Read a combined model's description.

    Raises:
        ConfigError: not readable, or a value is wrong.
        UnknownNameError: a key is unknown.
    """
    return load_toml(Combined, path)


def write_mean(spec: Combined) -> str:
    """Return the TOML of an ensemble."""
    weights = f"weights = {json.dumps(list(spec.weights))}\n" if spec.weights else ""
    views = f"views = {json.dumps(spec.views)}\n" if spec.views != ONE else ""
    return f"kind = {json.dumps(spec.kind)}\nmembers = {json.dumps(list(spec.members), ensure_ascii=False)}\n{weights}{views}"


def groups_toml(groups: Sequence[LabelSet]) -> str:
    """Return groups as the ``[groups]`` table of a regrouped model; a group is named after its expressions."""
    names = {label: "_".join(group) for group in groups for label in group}
    lines = [f"{json.dumps(label, ensure_ascii=False)} = {json.dumps(name, ensure_ascii=False)}\n" for label, name in names.items()]
    return "[groups]\n" + "".join(lines)


@dataclass(frozen=True)
class Member:
    """A classifier and the names of its columns."""

    classify: Classifier
    labels: LabelSet

    def scores(self, crops: Sequence[UInt8], wanted: LabelSet) -> Float:
        """Return (N, len(wanted)) scores among some labels alone; rows sum to 1."""
        return restrict(self.classify(crops), columns_of(wanted, self.labels))


class MeanClassifier:
    """Averages the scores of its members over the labels that all of them know.

    Args:
        views: What each reads of a face; see ``Combined``.

    Raises:
        ConfigError: they share fewer than two labels.
    """

    def __init__(self, members: Sequence[Member], weights: Sequence[float] = (), views: str = ONE) -> None:
        self.labels: LabelSet = tuple(label for label in members[0].labels if all(label in member.labels for member in members))
        if len(self.labels) < 2:
            raise ConfigError(f"The members share {len(self.labels)} labels. An ensemble needs at least two labels that all of them know.")
        self._members, self._views = members, views
        self._weights = np.array(weights or [1.0] * len(members)) / (sum(weights) if weights else len(members))

    def __call__(self, crops: Sequence[UInt8]) -> Float:
        """Return (N, K) scores of N crops; rows sum to 1."""
        views = _views(crops, self._views)
        pairs = list(zip(self._weights, self._members, strict=True))
        mean: Float = sum((weight * member.scores(view, self.labels) for view in views for weight, member in pairs), start=np.zeros(1))
        return mean / len(views)


def _views(crops: Sequence[UInt8], kind: str) -> list[Sequence[UInt8]]:
    """Return all crops in each of their views."""
    if kind == ONE:
        return [crops]
    if kind == MIRRORED:
        return [crops, [np.ascontiguousarray(crop[:, ::-1]) for crop in crops]]
    tens = [ten_crops(crop, round(min(crop.shape[:2]) * TEN_CROP_SHARE)) for crop in crops]
    return [[np.ascontiguousarray(ten[index]) for ten in tens] for index in range(10)]


class RegroupClassifier:
    """Answers p(group) * p(label | group), after Lee & Yoo's divide and conquer over confusable classes.

    Raises:
        UnknownNameError: the coarse model knows neither groups nor expressions, or a specialist lacks one of its group.
    """

    def __init__(self, spec: Combined, coarse: Member, specialists: dict[str, Member]) -> None:
        self.labels: LabelSet = tuple(spec.groups)
        self._groups = {group: spec.labels_of(group) for group in dict.fromkeys(spec.groups.values())}
        self._coarse, self._specialists = coarse, specialists
        # A coarse model of single expressions gives a group the sum over its expressions.
        self._coarse_labels = self.labels if set(self.labels) <= set(coarse.labels) else tuple(self._groups)
        columns_of(self._coarse_labels, coarse.labels)
        for group, specialist in specialists.items():
            columns_of(self._groups[group], specialist.labels)

    def __call__(self, crops: Sequence[UInt8]) -> Float:
        """Return (N, K) scores of N crops; rows sum to 1."""
        coarse = self._coarse.scores(crops, self._coarse_labels)
        scores = np.empty((len(coarse), len(self.labels)))
        for group, labels in self._groups.items():
            parts = labels if self._coarse_labels == self.labels else (group,)
            of_group = coarse[:, columns_of(parts, self._coarse_labels)].sum(axis=1, keepdims=True)
            within = self._specialists[group].scores(crops, labels) if group in self._specialists else 1.0
            scores[:, columns_of(labels, self.labels)] = of_group * within
        return scores


def propose_groups(confusion: Int, names: LabelSet, min_confusion: float = 0.1, num_groups: int = 0) -> list[LabelSet]:
    """Return groups of labels that a model confuses: average linkage over the row shares of a confusion matrix.

    How alike two labels are is the mean of both shares that one is taken for the other. The most alike groups are joined until
    no two are alike enough.

    Args:
        confusion: (K, K) counts on a validation split; true labels in rows.
        min_confusion: Groups less alike than this share, 0..1, stay apart.
        num_groups: Join until so many groups are left instead; 0 goes by ``min_confusion``.
    """
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    alike = (shares + shares.T) / 2
    groups = [[index] for index in range(len(names))]
    while len(groups) > max(num_groups, 2 if num_groups else 1):
        linkage = {(a, b): float(alike[np.ix_(groups[a], groups[b])].mean()) for a in range(len(groups)) for b in range(a + 1, len(groups))}
        (a, b), strongest = max(linkage.items(), key=lambda item: item[1])
        if not num_groups and strongest < min_confusion:
            break
        groups[a] = sorted(groups[a] + groups.pop(b))
    return [tuple(names[index] for index in group) for group in groups]
