"""A study: a recipe, the values that may change, and how they are searched. One TOML file."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from mien.config import load_toml
from mien.errors import ConfigError, UnknownNameError
from mien.training.history import check_monitor
from mien.training.recipe import load_recipe

JUDGES = frozenset({"validation", "publictest"})
SAMPLERS = ("grid", "each", "random", "tpe", "evolution")


@dataclass(frozen=True)
class Study:
    """What is searched, fully described."""

    name: str
    recipe: str
    """Shipped recipe, or a .toml file."""
    space: dict[str, Any]
    """Recipe key to its values: a list, or a table with ``low``, ``high`` and optionally ``log = true`` or ``step``."""
    description: str = ""
    changes: tuple[str, ...] = ()
    """``KEY=VALUE`` changes of the recipe that every trial shares."""
    sampler: str = "tpe"
    """``grid`` (every combination of lists), ``each`` (the first values of all lists, then every other value alone), ``random``,
    ``tpe`` (Bergstra et al. 2011) or ``evolution`` (NSGA-II)."""
    trials: int = 20
    """Trials in all; ``grid`` and ``each`` have as many as they have combinations."""
    monitor: str = "validation_accuracy"
    prune: bool = True
    """Stop a trial that is worse than the median of the trials before at the same epoch."""
    max_parameters: int = 0
    """Networks with more are not trained; 0 sets no limit."""
    seed: int = 0
    judged_on: tuple[str, ...] = ()
    """Splits that every finished trial is compared with the first one on, picture by picture."""

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise ValueError(f"sampler must be one of {', '.join(SAMPLERS)}, got {self.sampler!r}")
        if not self.space:
            raise ValueError("space must name at least one key of the recipe")
        for key, values in self.space.items():
            _check_values(key, values, self.sampler)
        if self.trials < 1:
            raise ValueError(f"trials must be at least 1, got {self.trials}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must lie in 0..{2**32 - 1}, got {self.seed}")
        if wrong := set(self.judged_on) - JUDGES:
            raise ValueError(f"judged_on must name splits that choices are made on ({', '.join(sorted(JUDGES))}), got {sorted(wrong)[0]!r}")
        if self.judged_on and (self.prune or not self.is_listed):
            raise ValueError("judged_on compares every trial with the first: set sampler to 'each' or 'grid', and prune = false")
        check_monitor(self.monitor)

    @property
    def is_listed(self) -> bool:
        """Whether the trials are known beforehand."""
        return self.sampler in ("grid", "each")

    @property
    def num_trials(self) -> int:
        """Trials until the study is finished."""
        return len(self.combinations()) if self.is_listed else self.trials

    def combinations(self) -> list[dict[str, Any]]:
        """Return the values of every trial, in order, of a study that lists them."""
        if self.sampler == "grid":
            return [dict(zip(self.space, values, strict=True)) for values in itertools.product(*self.space.values())]
        first = {key: values[0] for key, values in self.space.items()}
        return [first, *(first | {key: value} for key, values in self.space.items() for value in values[1:])]

    def overrides(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the recipe changes of one trial."""
        return (*self.changes, *(f"{key}={json.dumps(value)}" for key, value in values.items()))


def _check_values(key: str, values: Any, sampler: str) -> None:
    if isinstance(values, list):
        if not values or not all(isinstance(value, (str, int, float, bool)) for value in values):
            raise ValueError(f"space.{key} must list numbers, words or booleans, got {values}")
        if len(set(values)) < len(values):
            raise ValueError(f"space.{key} must list different values, got {values}")
        return
    is_range = isinstance(values, dict) and {"low", "high"} <= set(values) <= {"low", "high", "log", "step"}
    numbers = [values[name] for name in ("low", "high", "step") if name in values] if is_range else []
    if not is_range or not all(type(number) in (int, float) for number in numbers) or not values["low"] < values["high"]:
        raise ValueError(f"space.{key} must be a list, or a table with low below high, got {values}")
    if "step" in values and (values.get("log") or not values["step"] > 0):
        raise ValueError(f"space.{key}: step must be above 0 and goes without log, got {values}")
    if values.get("log") and not values["low"] > 0:
        raise ValueError(f"space.{key}: log needs a low above 0, got {values}")
    if sampler in ("grid", "each"):
        raise ValueError(f"space.{key} is a range; sampler {sampler!r} needs lists")


def shipped_studies() -> dict[str, Path]:
    """Return the studies that come with mien, by name."""
    folder = Path(str(files("mien") / "studies"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_study(name_or_path: str, overrides: tuple[str, ...] = ()) -> Study:
    """Read a shipped study by name, or any TOML file by path, and make sure that its keys fit its recipe.

    Raises:
        UnknownNameError: no such shipped study and no such file, or a key that the recipe does not have.
        ConfigError: a value is wrong.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        studies = shipped_studies()
        if name_or_path not in studies:
            raise UnknownNameError("Study", name_or_path, studies)
        path = studies[name_or_path]
    study = load_toml(Study, path, overrides)
    check_fit(study)
    return study


def check_fit(study: Study) -> None:
    """Make sure that the recipe takes every value of the study, each beside the first ones of all other keys.

    Raises:
        UnknownNameError: a key that the recipe does not have.
        ConfigError: a value is wrong.
    """
    choices = {key: values if isinstance(values, list) else [values["low"], values["high"]] for key, values in study.space.items()}
    first = {key: values[0] for key, values in choices.items()}
    try:
        for key, values in choices.items():
            for value in values:
                load_recipe(study.recipe, study.overrides(first | {key: value}))
    except ConfigError as error:
        raise ConfigError(f"study {study.name}: its values do not fit the recipe {study.recipe}. {error}") from error
