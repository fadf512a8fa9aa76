"""Several data sets as one, and training sets evened out by repeating what there is too little of."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mien.data.manifest import Manifest, Sample
from mien.data.select import LabelSpec, select_labels
from mien.errors import ConfigError
from mien.labels import LabelSet, in_order

BALANCES = ("none", "source", "class")


def common_labels(manifests: Sequence[Manifest]) -> LabelSet:
    """Return the labels that all manifests have, in the order of FER8, others after them in the order of the first.

    Raises:
        ConfigError: they share fewer than two.
    """
    first = in_order(manifests[0].labels)
    common = tuple(label for label in first if all(label in manifest.labels for manifest in manifests))
    if len(common) < 2:
        names = "; ".join(f"{manifest.dataset}: {', '.join(manifest.labels)}" for manifest in manifests)
        raise ConfigError(f"The data sets share fewer than two labels and cannot be mixed ({names}).")
    return common


def mix(manifests: Sequence[Manifest], labels: LabelSet = (), balance: str = "none", seed: int = 0) -> Manifest:
    """Join data sets; samples of other labels are dropped, and each remembers its source.

    The rows of the second manifest start after the last row of the first, and so on, so that a row still names one sample.

    Args:
        labels: Labels of the result, which all manifests have; empty takes ``common_labels``.
        balance: As ``balance_training`` takes it. Balance after splitting: a repeated sample cannot be dealt.

    Raises:
        ConfigError: too few labels are shared, a data set comes twice, only some have their faces cut, or there is no such
            balance.
        UnknownNameError: a manifest lacks one of ``labels``.
    """
    names = [manifest.dataset for manifest in manifests]
    if len(set(names)) < len(names):
        raise ConfigError(f"The mix {'+'.join(names)} names a data set twice. Balance by source instead.")
    whole = [manifest.dataset for manifest in manifests if manifest.crops == "whole"]
    if 0 < len(whole) < len(names):
        raise ConfigError(f"{', '.join(whole)} in {'+'.join(names)} shows more than faces, the others faces alone. Cut the faces first.")
    labels = labels or common_labels(manifests)
    joined: list[Sample] = []
    for manifest in manifests:
        part, _ = select_labels(manifest, LabelSpec(",".join(labels)))
        start = 1 + max((sample.row for sample in joined), default=-1)
        joined += [replace(sample, row=start + sample.row, source=sample.source or manifest.dataset) for sample in part.samples]
    mixed = Manifest(
        dataset="+".join(names),
        labels=labels,
        samples=tuple(joined),
        label_source="+".join(dict.fromkeys(manifest.label_source for manifest in manifests)),
        crops="+".join(dict.fromkeys(manifest.crops for manifest in manifests)),
    )
    return balance_training(mixed, balance, seed)


def balance_training(manifest: Manifest, balance: str, seed: int = 0) -> Manifest:
    """Even out the training split by repeating samples; nothing is thrown away and other splits stay as they are.

    Args:
        balance: ``none``; ``source`` (every data set of a mix gives as many as the largest); ``class`` (every label has as
            many as the largest). All samples of a group are repeated equally often, up to one, which the seed decides.

    Raises:
        ConfigError: there is no such balance.
    """
    if balance not in BALANCES:
        raise ConfigError(f"balance must be one of {', '.join(BALANCES)}, got {balance!r}.")
    if balance == "none":
        return manifest
    groups: dict[str, list[Sample]] = {}
    for sample in manifest.samples:
        if sample.split == "training":
            groups.setdefault(sample.source if balance == "source" else sample.label, []).append(sample)
    size = max(map(len, groups.values()), default=0)
    rng = np.random.default_rng(seed)
    repeats: list[Sample] = []
    for group in groups.values():
        whole, rest = divmod(size - len(group), len(group))
        repeats += group * whole + [group[index] for index in sorted(rng.permutation(len(group))[:rest])]
    return replace(manifest, samples=manifest.samples + tuple(repeats))
