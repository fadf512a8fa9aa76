"""Who trains, who chooses and who tests: the official splits of a data set, or new ones that a seed deals."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien.atomic import write_text
from mien.data.files import open_csv
from mien.data.manifest import Manifest, Sample, sources_with_splits
from mien.data.problems import Problems
from mien.data.split_warnings import warn_of_idle_sources, warn_of_subjects
from mien.errors import ConfigError, DataError, UnknownNameError
from mien.labels import LabelSet

Indices = npt.NDArray[np.int64]

TRAINING, VALIDATION, TEST = "training", "validation", "test"
TEST_SPLITS = frozenset({TEST, "publictest", "privatetest"})
DEVELOPMENT = frozenset({TRAINING, VALIDATION, "publictest"})
SPLIT_NAMES = frozenset({TRAINING, VALIDATION}) | TEST_SPLITS
_SYNONYMS = {"train": TRAINING, "val": VALIDATION, "valid": VALIDATION, "testing": TEST}

_COLUMNS = ["row", "split", "label", "subject"]


def split_name(word: str) -> str:
    """Return mien's name for a split's name in a data set, such as ``"Train"``.

    Raises:
        UnknownNameError: the word names no split.
    """
    name = word.strip().lower()
    name = _SYNONYMS.get(name, name)
    if name not in SPLIT_NAMES:
        raise UnknownNameError("Split", word, SPLIT_NAMES)
    return name


@dataclass(frozen=True)
class SplitSpec:
    """How samples become training, validation and test; the default keeps the data set's own splits."""

    pool: str = "official"
    """What is dealt. ``official``: the training split, while test splits stay as they are; of a data set without splits, all
    of it. ``development``: training and what choices are made on elsewhere, PublicTest or the data set's own validation split,
    learned together once everything is chosen (paper 003). ``all``: every sample of every split, so that official test
    pictures may be trained on."""
    validation: float = 0.0
    """Share of the pool that becomes the split ``validation``."""
    test: float = 0.0
    """Share of the pool that becomes the split ``test``; not where an official test split stays."""
    max_samples: int = 0
    """Size of the pool: a random part with the same mixture of labels is dealt, the rest is left out; 0 takes all."""
    by_subject: bool = False
    """Deal people, not pictures, so that nobody stands in two splits."""
    seed: int = 0
    file: str = ""
    """A file of ``save_split`` that says who goes where; instead of the shares above."""
    folds: int = 0
    """Cross-validation: deal the pool to so many equal parts, of which one becomes ``validation``; instead of the shares above."""
    fold: int = 0
    """Which part, from 0; with the same seed, every sample of the pool stands in exactly one."""

    def __post_init__(self) -> None:
        if self.pool not in ("official", "development", "all"):
            raise ValueError(f"pool must be 'official', 'development' or 'all', got {self.pool!r}")
        if not (self.validation >= 0 and self.test >= 0 and self.validation + self.test < 1):
            raise ValueError(f"validation and test must be 0 or above and leave some training, got {self.validation} and {self.test}")
        if self.max_samples < 0 or self.seed < 0:
            raise ValueError(f"max_samples and seed must be 0 or above, got {self.max_samples} and {self.seed}")
        self._check_folds()
        is_dealt = self.validation > 0 or self.test > 0 or self.folds > 0
        if self.file and (is_dealt or self.max_samples or self.by_subject):
            raise ValueError("file says who goes where; leave validation, test, folds, max_samples and by_subject away")
        if self.pool == "all" and not is_dealt and not self.file:
            raise ValueError("pool = 'all' gives up the official splits and needs a validation or test share above 0, or folds")
        if self.by_subject and not is_dealt:
            raise ValueError("by_subject deals people to validation and test; give one of them a share above 0, or say folds")

    def _check_folds(self) -> None:
        if (self.folds or self.fold) and not (self.folds >= 2 and 0 <= self.fold < self.folds):
            raise ValueError(f"folds must be at least 2 and fold one of them, from 0; got fold {self.fold} of {self.folds}")
        if self.folds and (self.validation or self.test):
            raise ValueError("folds deal the pool to equal parts; leave validation and test away")

    @property
    def is_official(self) -> bool:
        """Whether all samples keep their splits."""
        return self == SplitSpec(seed=self.seed)

    @property
    def leaks(self) -> bool:
        """Whether pictures of an official test split, PublicTest or any, may be trained on; figures on it are then worthless."""
        return self.pool != "official"


SPLITS: Mapping[str, SplitSpec] = {
    "official": SplitSpec(),
    "75/25": SplitSpec(validation=0.25),
    "80/20-validation": SplitSpec(validation=0.2),
    "80/20-random": SplitSpec(pool="all", test=0.2),
    "80/10/10": SplitSpec(pool="all", validation=0.1, test=0.1),
}
"""The splits of the papers by name: papers 000, 001, 004 and FER-net in paper 003 use them in this order."""


def apply_split(manifest: Manifest, spec: SplitSpec) -> Manifest:
    """Give every sample the split that ``spec`` says, in the order of the manifest; the same spec gives the same splits.

    Without ``by_subject`` every split has the pool's mixture of labels to within one sample a label.

    Raises:
        ConfigError: the spec does not fit the data set: a split would be made that it already has, samples have no subject,
            or there are too few of them.
        DataError: the split file is of other data or damaged.
    """
    if spec.file:
        return _apply_file(manifest, spec)
    if spec.is_official:
        warn_of_idle_sources(manifest)
        return manifest
    _check_unique(manifest)
    with_splits = sources_with_splits(manifest)
    learned = DEVELOPMENT if spec.pool == "development" else {TRAINING}
    is_pool = [spec.pool == "all" or sample.source not in with_splits or sample.split in learned for sample in manifest.samples]
    _check_fixed(manifest, [sample for sample, pooled in zip(manifest.samples, is_pool, strict=True) if not pooled], spec)
    rng = np.random.default_rng(spec.seed)
    pool = _subset(manifest.label_indices, np.flatnonzero(is_pool), spec.max_samples, rng)
    split_of = {int(index): manifest.samples[index].split for index in np.flatnonzero(~np.array(is_pool))}
    split_of |= dict(zip(pool.tolist(), _deal(manifest, pool, spec, rng), strict=True))
    dealt = tuple(replace(manifest.samples[index], split=split_of[index]) for index in sorted(split_of))
    if not spec.by_subject:
        warn_of_subjects(manifest.dataset, dealt)
    result = replace(manifest, samples=dealt)
    warn_of_idle_sources(result)
    return result


def _check_unique(manifest: Manifest) -> None:
    if len({sample.row for sample in manifest.samples}) < len(manifest):
        raise ConfigError(f"{manifest.dataset}: some rows occur more than once, and would stand in two splits. Split first, balance later.")


def _check_fixed(manifest: Manifest, fixed: Sequence[Sample], spec: SplitSpec) -> None:
    """Refuse to deal a split that the data set keeps."""
    kept = {sample.split for sample in fixed}
    if spec.test and kept & TEST_SPLITS:
        raise ConfigError(
            f"{manifest.dataset}: keeps its test split ({', '.join(sorted(kept & TEST_SPLITS))}), so none can be dealt. "
            "Set test = 0, or pool = 'all' to give up the official splits."
        )
    if (spec.validation or spec.folds) and VALIDATION in kept:
        raise ConfigError(f"{manifest.dataset}: has a validation split of its own. Set validation and folds to 0, or pool = 'all'.")


def _subset(label_indices: Indices, pool: Indices, size: int, rng: np.random.Generator) -> Indices:
    """Return ``size`` members of the pool with its mixture of labels, in order; the whole pool where it is no larger."""
    if not 0 < size < len(pool):
        return pool
    labels = label_indices[pool]
    counts = np.bincount(labels)
    quotas = _quotas(counts, counts, size, size / len(pool))
    taken = [rng.permutation(pool[labels == label])[:quota] for label, quota in enumerate(quotas)]
    subset: Indices = np.sort(np.concatenate(taken))
    return subset


def _deal(manifest: Manifest, pool: Indices, spec: SplitSpec, rng: np.random.Generator) -> list[str]:
    """Return the split of every member of the pool."""
    shares = {TEST: spec.test, VALIDATION: spec.validation}
    shares = {name: share for name, share in shares.items() if share}
    if not shares and not spec.folds:
        if spec.pool == "development":
            return [TRAINING] * len(pool)
        return [manifest.samples[index].split for index in pool]
    samples, labels = [manifest.samples[index] for index in pool], manifest.label_indices[pool]
    if spec.folds:
        held_out = _deal_folds(manifest, samples, labels, spec, rng) == spec.fold
        return [VALIDATION if out else TRAINING for out in held_out]
    return _deal_subjects(manifest, samples, labels, shares, rng) if spec.by_subject else _deal_samples(labels, shares, rng)


def _deal_folds(manifest: Manifest, samples: Sequence[Sample], labels: Indices, spec: SplitSpec, rng: np.random.Generator) -> Indices:
    """Return (N,) the fold of every member of the pool; dealt by pictures, folds and their counts of each label differ by one at most."""
    if len(samples) < spec.folds:
        raise ConfigError(f"{manifest.dataset}: {len(samples)} samples cannot fill {spec.folds} folds. Take fewer.")
    fold_of = np.zeros(len(samples), np.int64)
    if spec.by_subject:
        numbers = {f"fold {number}": number for number in range(1, spec.folds)}  # the rest is fold 0
        dealt = _deal_subjects(manifest, samples, labels, dict.fromkeys(numbers, 1 / spec.folds), rng)
        fold_of[:] = [numbers.get(name, 0) for name in dealt]
    else:
        fold_of[np.lexsort((rng.permutation(len(labels)), labels))] = np.arange(len(labels)) % spec.folds
    return fold_of


def _deal_samples(labels: Indices, shares: Mapping[str, float], rng: np.random.Generator) -> list[str]:
    """Deal pictures: of every label as exact a share as whole pictures allow."""
    counts = np.bincount(labels)
    free = counts.copy()
    order = [rng.permutation(np.flatnonzero(labels == label)) for label in range(len(counts))]
    splits = np.full(len(labels), TRAINING, dtype=object)
    for name, share in shares.items():
        quotas = _quotas(counts, free, int(share * len(labels) + 0.5), share)
        for label, quota in enumerate(quotas):
            start = counts[label] - free[label]
            splits[order[label][start : start + quota]] = name
        free -= quotas
    return [str(name) for name in splits]


def _quotas(counts: Indices, free: Indices, total: int, share: float) -> Indices:
    """Return how many of each label to take, ``total`` in all: whole parts first, then the largest fractions.

    Args:
        counts: (K,) pictures of each label.
        free: (K,) of them not taken yet.
    """
    exact = counts * share
    quotas: Indices = np.minimum(np.floor(exact + 1e-9), free).astype(np.int64)
    order = np.argsort(quotas - exact, kind="stable")
    while quotas.sum() < total:
        for label in order:
            if quotas.sum() < total and quotas[label] < free[label]:
                quotas[label] += 1
    return quotas


def _deal_subjects(
    manifest: Manifest, samples: Sequence[Sample], labels: Indices, shares: Mapping[str, float], rng: np.random.Generator
) -> list[str]:
    """Deal people, those with most pictures first, each to the split whose wanted label counts suffer least."""
    nameless = sum(not sample.subject for sample in samples)
    if nameless:
        raise ConfigError(f"{manifest.dataset}: {nameless} of {len(samples)} samples name no subject. Set by_subject = false.")
    people = list(dict.fromkeys((sample.source, sample.subject) for sample in samples))
    number_of = {person: number for number, person in enumerate(people)}
    owners = np.array([number_of[sample.source, sample.subject] for sample in samples])
    names = [TRAINING, *shares]
    if len(people) < len(names):
        raise ConfigError(f"{manifest.dataset}: {len(people)} subjects cannot fill {len(names)} splits. Set by_subject = false.")
    table = np.zeros((len(people), len(manifest.labels)))
    np.add.at(table, (owners, labels), 1)
    weights = np.array([1 - sum(shares.values()), *shares.values()])
    wanted = weights[:, np.newaxis] * np.maximum(table.sum(axis=0), 1)
    filled, split_of = np.zeros_like(wanted), np.zeros(len(people), np.int64)
    is_empty = np.ones(len(names), bool)
    shuffled = rng.permutation(len(people))
    order = shuffled[np.argsort(-table.sum(axis=1)[shuffled], kind="stable")]
    for left, person in zip(range(len(people), 0, -1), order, strict=True):
        mine = table[person]
        # How much the squared distance to the wanted counts, relative to those, grows.
        cost = (mine * (2 * (filled - wanted) + mine) / wanted).sum(axis=1)
        if is_empty.sum() == left:  # each split gets somebody
            cost[~is_empty] = np.inf
        split_of[person] = np.argmin(cost)
        filled[split_of[person]] += mine
        is_empty[split_of[person]] = False
    return [names[split] for split in split_of[owners]]


def save_split(manifest: Manifest, path: Path) -> None:
    """Write who stands in which split, with a hash of the pictures, for ``load_split``.

    Raises:
        ConfigError: a row occurs more than once.
        DataError: pictures cannot be read.
        OutputError: the file cannot be written.
    """
    _check_unique(manifest)
    text = io.StringIO()
    text.write(f"# mien split of {manifest.dataset}, {len(manifest)} samples, sha256 {_hash_pictures(manifest)}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([sample.row, sample.split, sample.label, sample.subject] for sample in manifest.samples)
    write_text(path, text.getvalue())


def load_split(manifest: Manifest, path: Path) -> Manifest:
    """Give the samples of a data set the splits of a file; samples that the file does not name are left out.

    Raises:
        DataError: the file is damaged, or was made of other pictures or with other labels.
    """
    head, rows = _read_split(path)
    sample_of = {sample.row: sample for sample in manifest.samples}
    problems = Problems()
    samples = []
    for line, (row, split, label, _) in enumerate(rows, start=3):
        sample = sample_of.get(int(row)) if row.isdecimal() else None
        if sample is None:
            problems.add(f"{path}, line {line}: {manifest.dataset} here has no row {row!r}. Use the data and labels the file was made of.")
        elif sample.label != label:
            problems.add(f"{path}, line {line}: row {row} is {label!r} there and {sample.label!r} in the data. Use the same labels.")
        elif split not in SPLIT_NAMES:
            problems.add(f"{path}, line {line}: expected a split of {', '.join(sorted(SPLIT_NAMES))}, got {split!r}.")
        else:
            samples.append(replace(sample, split=split))
    if len({row for row, *_ in rows}) < len(rows):
        problems.add(f"{path}: names some rows more than once. Write it again with `mien split`.")
    problems.raise_if_any(str(path))
    dealt = replace(manifest, samples=tuple(samples))
    if head.rpartition(" ")[2] != _hash_pictures(dealt):
        raise DataError(f"{path}: was made of other pictures than those of {manifest.dataset} here. Write it again with `mien split`.")
    return dealt


def is_split_of(path: Path, manifest: Manifest) -> bool:
    """Say whether a split file was made of these pictures.

    Raises:
        DataError: the file is damaged.
    """
    head, rows = _read_split(path)
    sample_of = {str(sample.row): sample for sample in manifest.samples}
    if any(row not in sample_of for row, *_ in rows):
        return False
    named = tuple(replace(sample_of[row], label=label) for row, _, label, _ in rows)
    return head.rpartition(" ")[2] == _hash_pictures(replace(manifest, samples=named))


def load_labelled_split(manifest: Manifest, path: Path, labels: LabelSet) -> Manifest:
    """Return the samples that a file names, with its splits and its labels, which may be fewer or renamed.

    Args:
        labels: All that the file knows, in order.

    Raises:
        DataError: the file is damaged, or was made of other pictures.
    """
    label_of = {row: label for row, _, label, _ in _read_split(path)[1]}
    named = [sample for sample in manifest.samples if str(sample.row) in label_of]
    return load_split(replace(manifest, labels=labels, samples=tuple(replace(one, label=label_of[str(one.row)]) for one in named)), path)


def rows_of_split(path: Path, split: str) -> set[int]:
    """Return the rows that a file gives to a split.

    Raises:
        DataError: the file is damaged.
    """
    return {int(row) for row, name, *_ in _read_split(path)[1] if name == split and row.isdecimal()}


def _read_split(path: Path) -> tuple[str, list[list[str]]]:
    """Return the first line and the rows of a split file."""
    with open_csv(path) as file:
        head = file.readline().strip()
        reader = csv.reader(file)
        columns = next(reader, [])
        rows = list(reader)
    if not head.startswith("# mien split of ") or columns != _COLUMNS or not rows or any(len(row) != len(_COLUMNS) for row in rows):
        raise DataError(f"{path}: no split file. Expected one that `mien split --out` wrote, with the columns {','.join(_COLUMNS)}.")
    return head, rows


def _hash_pictures(manifest: Manifest) -> str:
    """Return a hash of rows, labels and pixels, in order; splits are no part of it."""
    digest = hashlib.sha256()
    for sample, pixel_hash in zip(manifest.samples, manifest.pixel_hashes, strict=True):
        digest.update(f"{sample.row} {sample.label} ".encode() + pixel_hash)
    return digest.hexdigest()


def _apply_file(manifest: Manifest, spec: SplitSpec) -> Manifest:
    dealt = load_split(manifest, Path(spec.file))
    official = {sample.row: sample.split for sample in manifest.samples}
    has_splits = TRAINING in official.values()
    moved = sum(official[sample.row] in TEST_SPLITS and sample.split not in TEST_SPLITS for sample in dealt.samples)
    if has_splits and moved and spec.pool != "all":
        raise ConfigError(
            f"{spec.file}: trains or chooses on {moved} pictures of {manifest.dataset}'s official test splits. "
            "If that is meant, say pool = 'all'."
        )
    return dealt
