"""Cross-validation: every picture scored by the model that did not learn it, and what that is worth.

The answers of a network to its own training pictures repeat their labels, wrong ones among them. Those of networks that each left another
part out do not: they measure a recipe on all of a data set, and teach better (cross-fitting; Dao et al. 2021, arXiv 2104.09732).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.data.catalog import load_dataset
from mien.data.manifest import Manifest
from mien.data.splits import TRAINING, VALIDATION
from mien.errors import ConfigError
from mien.evaluation.evaluate import Evaluation
from mien.evaluation.measure import as_trained, measure_manifest
from mien.evaluation.metrics import summarize
from mien.evaluation.open import OpenClassifier
from mien.training.folder import SPLIT, load_recipe_of
from mien.types import OnProgress


@dataclass(frozen=True, eq=False)
class JoinedFolds:
    """The training split of a data set, every picture scored by a model that left it out."""

    evaluation: Evaluation
    result: dict[str, Any]
    """As JSON values: how the scores came about, the metrics, and those of every fold."""


def join_folds(models: Sequence[OpenClassifier], root: Path, on_progress: OnProgress) -> JoinedFolds:
    """Score every training picture by the model that left it out.

    Args:
        models: Runs with ``split.folds``, one for each fold, or combined models of such.
        on_progress: Called with (samples done, samples in all) of each model.

    Raises:
        ConfigError: the models do not leave out every training picture exactly once, or have different labels.
        DataError: the data are not those that the runs dealt.
    """
    dataset = _common_dataset(models)
    data = load_dataset(dataset, root)
    dealt = [as_trained(model, data, dataset) for model in models]
    if any(one.labels != dealt[0].labels or not set(one.labels) <= set(model.labels) for one, model in zip(dealt, models, strict=True)):
        raise ConfigError("The models or their data have different labels. Join folds of one recipe.")
    _check_complete(dealt)
    parts = [measure_manifest(model, one, VALIDATION, on_progress) for model, one in zip(models, dealt, strict=True)]
    samples = [replace(sample, split=TRAINING) for part in parts for sample in part.evaluation.manifest.samples]
    order = np.argsort([sample.row for sample in samples])
    manifest = replace(parts[0].evaluation.manifest, samples=tuple(samples[index] for index in order))
    scores = np.concatenate([part.evaluation.scores for part in parts])[order]
    metrics = summarize(scores, manifest.label_indices, manifest.labels)
    result = {
        "model": f"{len(models)} folds of {models[0].name}",
        **{key: parts[0].result[key] for key in ("file", "dataset", "crops", "label_source")},
        "split": TRAINING,
        **metrics,
        "leaks": any(model.leaks for model in models),
        "folds": [{key: part.result[key] for key in ("model", "n", "accuracy", "files_sha256")} for part in parts],
    }
    return JoinedFolds(Evaluation(manifest, scores, metrics), result)


def _common_dataset(models: Sequence[OpenClassifier]) -> str:
    """Return the data set that all runs dealt."""
    names = {load_recipe_of(run_dir).dataset for model in models for run_dir in model.run_dirs if (run_dir / SPLIT).is_file()}
    if len(names) != 1:
        raise ConfigError(f"Expected runs that left out folds of one data set, got {' and '.join(sorted(names)) or 'none'}.")
    return names.pop()


def _check_complete(dealt: Sequence[Manifest]) -> None:
    """Make sure that every training picture is left out once."""
    times_out = Counter(sample.row for one in dealt for sample in one.samples if sample.split == VALIDATION)
    learned = {sample.row for one in dealt for sample in one.samples if sample.split == TRAINING}
    never, often = len(learned - set(times_out)), sum(times > 1 for times in times_out.values())
    if never or often:
        raise ConfigError(
            f"{never:,} training pictures are left out by none of the models, and {often:,} by several. "
            "Give one model for each fold, all with the same split.folds and split.seed."
        )
