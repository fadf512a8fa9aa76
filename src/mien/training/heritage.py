"""What a run's starting weights and teacher were trained on: figures on those pictures would be worthless."""

from pathlib import Path

from mien.card import CARD_NAME, open_bundle, shipped_bundles
from mien.data.manifest import Manifest
from mien.data.splits import TRAINING, rows_of_split
from mien.errors import ConfigError
from mien.training import folder
from mien.training.recipe import Recipe

RELABELLED = (frozenset({"fer2013", "ferplus", "ferplus_probability", "ferplus_multitarget"}), frozenset({"affectnet7", "affectnet8"}))
"""Data sets of the same pictures, in the same rows."""


def check_heritage(references: list[str], recipe: Recipe, raw: Manifest, manifest: Manifest) -> None:
    """Make sure that no picture to choose or test on was learned by what the run starts from or is taught by.

    Args:
        references: Runs and bundles.
        raw: The data set with its own splits.
        manifest: As the recipe deals it.

    Raises:
        ConfigError: some were.
    """
    held_out = {sample.row for sample in manifest.samples if sample.split != TRAINING}
    for reference in references:
        common = len(held_out & learned_rows(reference, recipe.dataset, raw))
        if common:
            raise ConfigError(
                f"{reference}: learned {common:,} of the {len(held_out):,} pictures that this run would choose and be tested on. "
                f"Deal the same splits, by --set split.file={Path(reference) / folder.SPLIT} where it has one, else keep the official ones."
            )


def _are_relabelled(one: str, other: str) -> bool:
    """Say whether two data sets are the same pictures in the same rows, with other labels."""
    return any({one, other} <= family for family in RELABELLED)


def learned_rows(reference: str, dataset: str, raw: Manifest) -> set[int]:
    """Return the rows of a data set that a run or bundle was trained on; none where it was trained on other data."""
    place = Path(reference)
    if folder.is_run(place):
        own = folder.load_recipe_of(place).dataset
        is_same = folder.read_facts(place)["sha256"] == raw.sha256 if own == dataset else _are_relabelled(own, dataset)
    elif reference not in shipped_bundles() and not (place / CARD_NAME).is_file():
        return set()  # neither: whoever opens it tells; a run that is resumed has its own copy
    else:
        bundle = open_bundle(reference)
        own = bundle.card.training.data
        place, is_same = bundle.folder, own == dataset or _are_relabelled(own, dataset)
    if not is_same:
        return set()
    split = place / folder.SPLIT
    if split.is_file():
        return rows_of_split(split, TRAINING)
    return {sample.row for sample in raw.samples if sample.split == TRAINING}
