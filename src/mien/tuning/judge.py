"""What each change of a study is worth: every trial against the first, on the same pictures.

Short trainings differ by less than the error of one accuracy; that of a difference on the same pictures is smaller, and several splits that
were not trained on make it smaller again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mien.data.catalog import load_dataset
from mien.data.manifest import Manifest
from mien.data.scores import ScoreTable, read_scores, write_scores
from mien.errors import ConfigError
from mien.evaluation.measure import as_trained, measure_manifest
from mien.evaluation.open import open_classifier
from mien.evaluation.statistics import bootstrap_interval, mcnemar
from mien.training.folder import load_recipe_of
from mien.training.run import Say


@dataclass(frozen=True)
class Trial:
    """A finished trial."""

    values: Mapping[str, Any]
    run_dir: Path


def judge(trials: Sequence[Trial], splits: Sequence[str], data_root: Path, say: Say) -> list[dict[str, Any]]:
    """Measure trials on splits that they were not trained on; scores are kept in the run folders.

    Args:
        trials: The first is what the others are compared with.

    Returns:
        One row per trial, as JSON values: ``change`` (its values that differ from the first's), ``accuracy`` by split, ``n`` of all splits,
        and over all of them ``difference`` to the first, its ``interval`` (bootstrap) and McNemar's ``p``. These compare the trained
        networks: what another seed would change is not in them.

    Raises:
        ConfigError: a split is not there, or the trials dealt different ones.
        MissingExtraError: SciPy is not installed.
    """
    load = cache(lambda name: load_dataset(name, data_root))  # reading takes longer than answering
    rows = []
    base: list[ScoreTable] = []
    for trial in trials:
        tables = _tables(trial.run_dir, splits, load, say)
        base = base or tables
        if any(table.keys != first.keys for table, first in zip(tables, base, strict=True)):
            raise ConfigError(f"{trial.run_dir.parent}: its trials dealt different splits, so they cannot be compared. Keep split.seed.")
        right, right_base = (np.concatenate([table.is_right for table in some]) for some in (tables, base))
        rows.append(
            {
                "change": {key: value for key, value in trial.values.items() if value != trials[0].values[key]},
                "run": trial.run_dir.name,
                "accuracy": {split: float(table.is_right.mean()) for split, table in zip(splits, tables, strict=True)},
                "n": len(right),
                "difference": float(right.mean() - right_base.mean()),
                "interval": vars(bootstrap_interval(right.astype(np.int64) - right_base)),
                "p": mcnemar(right_base, right).p,
            }
        )
    return rows


def _tables(run_dir: Path, splits: Sequence[str], load: Callable[[str], Manifest], say: Say) -> list[ScoreTable]:
    """Return a run's scores of every split, each measured at most once."""
    paths = {split: run_dir / f"scores-{split}.csv" for split in splits}
    if missing := [split for split, path in paths.items() if not path.is_file()]:
        say(f"{run_dir.name}: scores of {', '.join(missing)}")
        model, name = open_classifier(run_dir), load_recipe_of(run_dir).dataset
        data = as_trained(model, load(name), name)
        for split in missing:
            evaluation = measure_manifest(model, data, split, _ignore).evaluation
            write_scores(evaluation.manifest, evaluation.scores, paths[split])
    return [read_scores(path) for path in paths.values()]


def _ignore(done: int, total: int) -> None:
    return None
