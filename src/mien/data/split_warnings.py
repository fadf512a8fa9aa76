"""What a deal of splits makes of figures, in words for people: nothing learned from a part, or people on both sides."""

import logging
from collections.abc import Sequence

from mien.data.manifest import Manifest, Sample, sources_with_splits

log = logging.getLogger("mien")


def warn_of_idle_sources(manifest: Manifest) -> None:
    """Say which parts of a mix nothing is learned from."""
    sources, taught = dict.fromkeys(sample.source for sample in manifest.samples), sources_with_splits(manifest)
    idle = [source for source in sources if source not in taught]
    if 0 < len(idle) < len(sources):
        log.warning("%s: nothing is learned from %s. Deal it: split.validation or split.folds.", manifest.dataset, ", ".join(idle))


def warn_of_subjects(dataset: str, samples: Sequence[Sample]) -> None:
    """Say where people are trained on and tested on: figures on them are too good."""
    known = [sample for sample in samples if sample.subject]
    learned = {(one.source, one.subject) for one in known if one.split == "training"}
    held_out = {(one.source, one.subject) for one in known if one.split != "training"}
    common = len(learned & held_out)
    if common:
        log.warning(
            "%s: %d of %d people that are held out are trained on, too, so figures will be too good. by_subject deals people instead.",
            dataset,
            common,
            len(held_out),
        )
