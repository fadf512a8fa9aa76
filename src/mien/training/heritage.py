"""What a run's starting weights and teacher were trained on: figures on those pictures would be worthless."""

from pathlib import Path

from mien.card import CARD_NAME, open_bundle, shipped_bundles
from mien.data.manifest import Manifest
from mien.data.splits import TRAINING, rows_of_split
from mien.errors import ConfigError
from mien.training import folder
from mien.training.initial import references
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


def learned_rows(reference: str, dataset: str, raw: Manifest, seen: frozenset[str] = frozenset()) -> set[int]:
    """Return the rows of a data set that a run or bundle was trained on, and what it started from or was taught by.

    None where it was trained on other data; all where it dealt a mix that the data set is a part of, since nobody knows which.

    Args:
        seen: References that are not followed again.
    """
    place = Path(reference)
    if folder.is_run(place):
        recipe = folder.load_recipe_of(place)
        is_other_copy = recipe.dataset == dataset and folder.read_facts(place)["sha256"] != raw.sha256
        rows = set() if is_other_copy else _common_rows(place, recipe.dataset, dataset, raw)
        before = {*references(recipe.init), *references(recipe.distill.teacher)} - seen - {reference}
        return rows.union(*(learned_rows(one, dataset, raw, seen | {reference}) for one in before))
    if reference not in shipped_bundles() and not (place / CARD_NAME).is_file():
        return set()  # neither: whoever opens it tells; a run that is resumed has its own copy
    bundle = open_bundle(reference)
    training = bundle.card.training
    rows = _common_rows(bundle.folder, training.data, dataset, raw)
    return rows.union(*(_training_rows(raw) for data in training.init_data.split("+") if _is_same_data(data, dataset)))


def _common_rows(place: Path, own: str, dataset: str, raw: Manifest) -> set[int]:
    """Return the rows of ``dataset`` that the run or bundle in a folder learned from its ``own`` data."""
    split = place / folder.SPLIT
    if _is_same_data(own, dataset):
        return rows_of_split(split, TRAINING) if split.is_file() else _training_rows(raw)
    if dataset in own.split("+"):
        return {sample.row for sample in raw.samples} if split.is_file() else _training_rows(raw)
    if own in dataset.split("+"):
        position = next((index for index, sample in enumerate(raw.samples) if sample.source == own), 0)
        start = 1 + max((sample.row for sample in raw.samples[:position]), default=-1)  # as `mix` counts
        return {start + row for row in rows_of_split(split, TRAINING)} if split.is_file() else _training_rows(raw, own)
    return set()


def _is_same_data(one: str, other: str) -> bool:
    """Say whether two data sets are the same pictures in the same rows, if with other labels."""
    return one == other or any({one, other} <= family for family in RELABELLED)


def _training_rows(raw: Manifest, source: str | None = None) -> set[int]:
    return {sample.row for sample in raw.samples if sample.split == TRAINING and source in (None, sample.source)}
