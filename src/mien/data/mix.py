"""Several data sets as one; ``mien.data.sampling`` evens out what each gives to an epoch."""

from collections.abc import Sequence
from dataclasses import replace

from mien.data.manifest import Manifest, Sample
from mien.data.select import LabelSpec, select_labels
from mien.errors import ConfigError
from mien.labels import LabelSet, in_order


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


def mix(manifests: Sequence[Manifest]) -> Manifest:
    """Join data sets; samples of other labels are dropped, and each remembers its source.

    The rows of the second manifest start after the last row of the first, and so on, so that a row still names one sample.

    Raises:
        ConfigError: too few labels are shared, a data set comes twice, or only some have their faces cut.
    """
    names = [manifest.dataset for manifest in manifests]
    if len(set(names)) < len(names):
        raise ConfigError(f"The mix {'+'.join(names)} names a data set twice. Even out sources with sampling.by = 'source'.")
    whole = [manifest.dataset for manifest in manifests if manifest.crops == "whole"]
    if 0 < len(whole) < len(names):
        raise ConfigError(f"{', '.join(whole)} in {'+'.join(names)} shows more than faces, the others faces alone. Cut the faces first.")
    labels = common_labels(manifests)
    joined: list[Sample] = []
    for manifest in manifests:
        part, _ = select_labels(manifest, LabelSpec(",".join(labels)))
        start = 1 + max((sample.row for sample in joined), default=-1)
        joined += [replace(sample, row=start + sample.row, source=sample.source or manifest.dataset) for sample in part.samples]
    return Manifest(
        dataset="+".join(names),
        labels=labels,
        samples=tuple(joined),
        label_source="+".join(dict.fromkeys(manifest.label_source for manifest in manifests)),
        crops="+".join(dict.fromkeys(manifest.crops for manifest in manifests)),
    )
