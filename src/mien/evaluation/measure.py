"""What ``mien evaluate`` and ``mien report`` do alike: load the data, cut the faces, score them, and say how."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.card import CARD_NAME, Bundle, open_bundle
from mien.data.catalog import load_dataset
from mien.data.manifest import Manifest
from mien.data.select import select_labels
from mien.data.splits import TEST, TRAINING, is_split_of, load_labelled_split, load_split
from mien.errors import ConfigError, DataError
from mien.evaluation.copies import find_copies, measure_copies
from mien.evaluation.crops import BY_DATASET, EVALUATION_DETECTOR, choose_crops
from mien.evaluation.evaluate import CropOf, Evaluation, common_part, evaluate
from mien.evaluation.groups import check_columns, measure_groups
from mien.evaluation.open import OpenClassifier
from mien.labels import LabelSet
from mien.training.folder import SPLIT, is_run, load_recipe_of, read_facts
from mien.types import OnProgress

log = logging.getLogger("mien")

ANYBODYS = frozenset({"csv", "folder"})
"""Formats of anybody's pictures: that two copies are of one format does not say that they are of one data set."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """A model on a split of a data set, with everything that must stand beside the figures."""

    evaluation: Evaluation
    crop_of: CropOf
    data: Manifest
    """The whole data set."""
    result: dict[str, Any]
    """Model, file, data set, split, crops and label source, the metrics, and how many samples of other labels are left out."""


def measure(
    model: OpenClassifier,
    dataset: str,
    root: Path,
    split: str,
    on_progress: OnProgress,
    crops: str = BY_DATASET,
    detector: str = EVALUATION_DETECTOR,
    threads: int = 1,
    with_copies: bool = False,
    split_of: Path | None = None,
    by: Sequence[str] = (),
) -> Measurement:
    """Evaluate a model on a split of a data set under ``root``, over the labels that both know.

    Args:
        on_progress: Called with (samples done, samples in all).
        crops, detector: As ``choose_crops`` takes them.
        with_copies: Also tell accuracy apart on pictures that training holds, too; they are looked for before anything is scored.
        by: Further columns of the data set; accuracy is told for each of their words.
        split_of: Run, bundle or file that dealt data without splits of their own; any model can be set against a run that way.

    Raises:
        UnknownNameError: no such data set or detector.
        DataError: the data are not as their format says, or not those that a run dealt.
        ConfigError: no such split or way to cut, or fewer than two labels in common.
        SourceError: no face is found in any picture.
    """
    data = load_dataset(dataset, root)
    own = as_trained(model, data, dataset)
    if split_of is not None:
        dealt = _dealt_by(split_of, data, dataset)
        if own is not data and own.sha256 != dealt.sha256:
            raise ConfigError(f"{model.name}: dealt {dataset} itself, and otherwise than {split_of}. Leave --split-of out.")
        own = dealt
    data = own
    return measure_manifest(model, data, split, on_progress, crops, detector, threads, with_copies, by)


def as_trained(model: OpenClassifier, data: Manifest, dataset: str) -> Manifest:
    """Return a run's own data set with the labels and the splits that the run chose, and any other data as they are.

    The same goes for a bundle that was exported from a run with splits of its own. A run that dealt its data anew must not be measured on
    pictures it was trained on, whatever split they stood in before; nor must a combined model that such a run is part of.

    Args:
        dataset: Name that ``data`` were loaded by.

    Raises:
        DataError: the run dealt another copy, in which nobody knows what it was trained on.
        ConfigError: runs of a combined model dealt the data differently, or it dealt a mix that the data are a part of.
    """
    # Members that keep the official splits may know other labels, and are asked about those that all know.
    asked = [model.run_dir] if model.run_dir else [run_dir for run_dir in model.member_run_dirs if (run_dir / SPLIT).is_file()]
    runs = [run_dir for run_dir in asked if load_recipe_of(run_dir).dataset == dataset]
    bundles = [bundle for bundle in map(open_bundle, model.dealt_bundles) if bundle.card.training.data == dataset]
    dealt_mixes = [load_recipe_of(run_dir).dataset for run_dir in asked if (run_dir / SPLIT).is_file()]
    dealt_mixes += [open_bundle(bundle).card.training.data for bundle in model.dealt_bundles]
    if mixed := next((mixed for mixed in dealt_mixes if mixed != dataset and dataset in mixed.split("+")), ""):
        raise ConfigError(
            f"{model.name}: dealt {mixed} itself, so nobody knows which pictures of {dataset} are new to it. "
            f"Measure it with --dataset {mixed}."
        )
    dealt = [_as_dealt(run_dir, data) for run_dir in runs]
    dealt += [_as_dealt_for(bundle, data, dataset) for bundle in bundles]
    if not dealt:
        return data
    if any(one.sha256 != dealt[0].sha256 for one in dealt):
        raise ConfigError(
            f"{model.name}: its members dealt {dataset} in different ways, so no picture is new to all. Measure it on other data."
        )
    return dealt[0]


def _dealt_by(place: Path, data: Manifest, dataset: str) -> Manifest:
    """Return data that have no splits of their own, as a run, a bundle or a file of ``mien split`` dealt them.

    Raises:
        ConfigError: they have splits, which models may have learned from, or nothing there deals any.
    """
    if {sample.split for sample in data.samples} != {TEST}:
        raise ConfigError(f"{dataset}: has splits of its own, so --split-of is not for it. Name one with --split.")
    if is_run(place):
        return _as_dealt(place, data)
    if (place / CARD_NAME).is_file() and (place / SPLIT).is_file():
        return _as_dealt_for(open_bundle(place), data, dataset)
    if place.is_file():
        return load_split(data, place)
    raise ConfigError(f"{place}: deals no splits. Expected a run or bundle that was trained on {dataset}, or a file of `mien split`.")


def _as_dealt(run_dir: Path, data: Manifest) -> Manifest:
    recipe, path = load_recipe_of(run_dir), run_dir / SPLIT
    is_other_copy = read_facts(run_dir)["sha256"] != data.sha256
    if is_other_copy and (not path.is_file() or (not recipe.split.leaks and _is_new_to(run_dir.name, data, recipe.dataset))):
        return data
    chosen, _ = select_labels(data, recipe.labels)
    return load_split(chosen, path) if path.is_file() else chosen


def _as_dealt_for(bundle: Bundle, data: Manifest, dataset: str) -> Manifest:
    path = bundle.folder / SPLIT
    if is_split_of(path, data):
        return load_labelled_split(data, path, bundle.card.labels)
    if _is_new_to(bundle.card.name, data, dataset):  # runs that learned from test splits make no bundles
        return data
    raise DataError(
        f"{bundle.card.name}: was trained on a part of {dataset} that {path} names, and this copy is another one: nobody knows which "
        "of its pictures are new to the model. Use the same copy, or measure it on other data."
    )


def _is_new_to(name: str, data: Manifest, dataset: str) -> bool:
    """Say whether a copy that is not the one a model was trained on can be measured on: it has test splits, or is of other pictures."""
    if dataset in ANYBODYS:
        log.warning("%s: was trained on other data of the format %s; make sure that none of those pictures are among these.", name, dataset)
        return True
    return any(sample.split == TRAINING for sample in data.samples)


def provenance(model: OpenClassifier, asked: LabelSet) -> dict[str, Any]:
    """Return what stands beside a model's figures: whether it learned from test splits, its files, and the labels it could not give.

    Args:
        asked: Labels of the data, among which it answers.
    """
    found: dict[str, Any] = {"leaks": model.leaks, "barred_labels": [label for label in model.labels if label not in asked]}
    return found | {"files_sha256": model.files_sha256} if model.files_sha256 else found


def own_data(model: OpenClassifier) -> tuple[str, str]:
    """Return the data set that a run was trained on and the split it chose on; FER2013's for bundles and combined models."""
    if model.run_dir is None:
        return "fer2013", "publictest"
    recipe = load_recipe_of(model.run_dir)
    return recipe.dataset, recipe.validation_split


def measure_manifest(
    model: OpenClassifier,
    data: Manifest,
    split: str,
    on_progress: OnProgress,
    crops: str = BY_DATASET,
    detector: str = EVALUATION_DETECTOR,
    threads: int = 1,
    with_copies: bool = False,
    by: Sequence[str] = (),
) -> Measurement:
    """Evaluate a model on a split of data that are in memory; otherwise as ``measure``."""
    manifest, left_out = common_part(data.split(split), model.labels)
    check_columns(manifest, by)
    copies = find_copies(manifest, data) if with_copies else None
    chosen = choose_crops(manifest, crops, detector, threads)
    crop_of = chosen.crop_of(model.alignment, model.preprocess)
    evaluation = evaluate(model.classify, model.labels, manifest, on_progress, crop_of)
    head = {
        "model": model.name,
        "file": model.file,
        "dataset": data.dataset,
        "split": split,
        "crops": ", ".join(filter(None, (chosen.name, model.views))),
        "label_source": manifest.label_source,
    }
    metrics = evaluation.metrics | {"left_out": left_out} | provenance(model, manifest.labels)
    if copies:
        metrics["copies"] = measure_copies(evaluation, copies)
    poses = measure_groups(evaluation, lambda sample: sample.pose)
    if len(poses) > 1:
        metrics["poses"] = poses
    if by:
        metrics["groups"] = {name: measure_groups(evaluation, lambda one, name=name: one.attributes.get(name, "")) for name in by}  # type: ignore[misc]
    return Measurement(evaluation, crop_of, data, head | metrics)
