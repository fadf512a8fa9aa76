"""Running a study: each trial is a run folder, and a killed study goes on where it stopped."""

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.atomic import atomic_path, write_text
from mien.config import load_toml, to_toml
from mien.errors import ConfigError, DivergedError, MissingExtraError
from mien.figure import new_figure, png_of
from mien.training.fit import Watch, kept_epoch
from mien.training.folder import CHECKPOINT, read_facts, read_history, read_seconds
from mien.training.history import EpochResult
from mien.training.network import start
from mien.training.recipe import Recipe, load_recipe
from mien.training.run import Say, train
from mien.tuning.judge import Trial, judge
from mien.tuning.study import Study
from mien.types import OnProgress

if TYPE_CHECKING:
    import optuna

STUDY, JOURNAL, TABLE, RESULT, FIGURE = "study.toml", "journal.log", "trials.csv", "study.json", "study.png"


class _Hopeless(Exception):  # noqa: N818 - a signal, no error
    """A trial is worse than the median of those before."""


def tune(study: Study, data_root: Path, study_dir: Path, say: Say, on_step: OnProgress, max_trials: int = 0) -> dict[str, Any]:
    """Run a study to its end, or for so many trials, and write table, plot and result.

    Args:
        study_dir: Receives the journal of the study and one run folder per trial.
        max_trials: End this session after so many; 0 goes on to the end.

    Returns:
        ``finished`` and ``planned`` numbers of trials, the ``best`` trial, the importance of every key, and once a study that
        says what trials are judged on is finished, ``judged``: a row of ``judge`` for each.

    Raises:
        ConfigError: the folder holds another study.
        MissingExtraError: Optuna is not installed.
    """
    opened = _open_study(study, study_dir)
    num_done = _num_finished(opened)
    limit = min(study.num_trials, num_done + max_trials) if max_trials else study.num_trials
    while num_done < limit:
        # Seeded by the trial's number, so that a study in several sessions draws what one session would.
        opened.sampler = _sampler(study, _trial_seed(study.seed, num_done))
        trial = opened.ask()
        values = _suggest(trial, study)
        say(f"trial {num_done + 1} of {study.num_trials}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
        state, value = _run_trial(trial, values, study, data_root, study_dir, on_step)
        opened.tell(trial, value, state=state)
        size = trial.user_attrs.get("parameters")
        outcome = f", {study.monitor} {value:.4f}" if value is not None else f", {size:,} parameters" if size else ""
        say(f"trial {num_done + 1}: {state.name.lower()}{outcome}")
        num_done = _num_finished(opened)
        _write_results(opened, study, study_dir)
    result = _write_results(opened, study, study_dir)
    if study.judged_on and num_done == study.num_trials:
        result["judged"] = judge(_finished(opened, study, study_dir), study.judged_on, data_root, say)
        write_text(study_dir / RESULT, json.dumps(result, indent=1) + "\n")
    return result


def _open_study(study: Study, study_dir: Path) -> "optuna.Study":
    """Start or continue a study; a trial that was running when the session ended is asked for again."""
    try:
        import optuna
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
    except ModuleNotFoundError as error:
        raise MissingExtraError("Tuning", "tune") from error

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study_path, journal = study_dir / STUDY, study_dir / JOURNAL
    if study_path.is_file():
        if replace(load_toml(Study, study_path), trials=study.trials, judged_on=study.judged_on) != study:
            raise ConfigError(f"{study_dir}: holds another study. Choose another folder with --out.")
    elif study_dir.exists() and (not study_dir.is_dir() or any(study_dir.iterdir())):
        raise ConfigError(f"{study_dir}: is not empty and holds no study. Choose another folder with --out.")
    write_text(study_path, to_toml(study))
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal))))
    opened = optuna.create_study(
        storage=storage,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
        study_name=study.name,
        direction="maximize" if study.monitor == "validation_accuracy" else "minimize",
        load_if_exists=True,
    )
    for left in opened.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        opened.tell(left.number, state=optuna.trial.TrialState.FAIL)
        if not study.is_listed and len(left.params) == len(study.space):  # its run folder is named by its values, so training goes on
            opened.enqueue_trial(left.params, user_attrs=left.user_attrs)
    if study.is_listed:
        there = [_values(trial) for trial in opened.get_trials(deepcopy=False) if trial.state != optuna.trial.TrialState.FAIL]
        for values in study.combinations():
            if values not in there:
                opened.enqueue_trial(values)
    return opened


def _values(trial: Any) -> dict[str, Any]:
    """Return the values of a trial that has run, or that waits."""
    return dict(trial.params or trial.system_attrs.get("fixed_params", {}))


def _trial_seed(seed: int, trial: int) -> int:
    """Return the seed of one trial: no other trial of any study has it but by chance."""
    return int(np.random.SeedSequence((seed, trial)).generate_state(1)[0])


def _sampler(study: Study, seed: int) -> Any:
    import optuna

    if study.is_listed or study.sampler == "random":  # listed combinations are queued already
        return optuna.samplers.RandomSampler(seed=seed)
    if study.sampler == "evolution":
        return optuna.samplers.NSGAIISampler(population_size=max(4, min(50, study.trials // 4)), seed=seed)
    return optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _num_finished(opened: "optuna.Study") -> int:
    import optuna

    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return len(opened.get_trials(deepcopy=False, states=states))


def _finished(opened: "optuna.Study", study: Study, study_dir: Path) -> list[Trial]:
    """Return the trials that were trained to their end, in the study's order, whatever order they ended in.

    Raises:
        ConfigError: the first one, which the others are compared with, is not among them.
    """
    import optuna

    complete = [(trial.params, trial.user_attrs["run"]) for trial in opened.get_trials(states=(optuna.trial.TrialState.COMPLETE,))]
    order = study.combinations()
    trials = [Trial(params, study_dir / run) for values in order for params, run in complete if params == values]
    if not trials or trials[0].values != order[0]:
        raise ConfigError(f"{study_dir}: its first trial diverged, and nothing can be compared with it. Lower the recipe's learning rate.")
    return trials


def _suggest(trial: "optuna.Trial", study: Study) -> dict[str, Any]:
    """Ask for the values of one trial."""
    values: dict[str, Any] = {}
    for key, choices in study.space.items():
        if isinstance(choices, list):
            values[key] = trial.suggest_categorical(key, choices)
        elif isinstance(choices["low"], int) and isinstance(choices["high"], int):
            values[key] = trial.suggest_int(
                key, choices["low"], choices["high"], step=choices.get("step", 1), log=choices.get("log", False)
            )
        else:
            values[key] = trial.suggest_float(key, choices["low"], choices["high"], step=choices.get("step"), log=choices.get("log", False))
    return values


def _run_trial(
    trial: "optuna.Trial",
    values: dict[str, Any],
    study: Study,
    data_root: Path,
    study_dir: Path,
    on_step: OnProgress,
) -> tuple[Any, float | None]:
    """Train one trial, and return its state and result."""
    from optuna.trial import TrialState

    recipe = load_recipe(study.recipe, study.overrides(values))
    run_dir = study_dir / trial_name(values)
    trial.set_user_attr("run", run_dir.name)
    if study.max_parameters and (size := _num_parameters(recipe)) > study.max_parameters:
        trial.set_user_attr("parameters", size)
        return TrialState.PRUNED, None

    num_told = 0

    def on_epoch(history: list[EpochResult]) -> None:
        nonlocal num_told
        for number in range(num_told + 1, len(history) + 1):
            trial.report(history[number - 1][study.monitor], number)
        num_told = len(history)
        if study.prune and trial.should_prune():
            raise _Hopeless

    try:
        if before := read_history(run_dir):  # of a session that was interrupted, or of a trial that drew the same values
            on_epoch(before)
        train(recipe, data_root, run_dir, lambda line: None, Watch(on_step, on_epoch))
    except (_Hopeless, DivergedError):
        return TrialState.PRUNED, None
    finally:
        if (history := read_history(run_dir)) and run_dir.exists():
            trial.set_user_attr("epochs", len(history))
            trial.set_user_attr("minutes", read_seconds(run_dir) / 60)
            trial.set_user_attr("images", read_facts(run_dir)["num_training"])
    (run_dir / CHECKPOINT).unlink(missing_ok=True)  # a finished trial keeps its weights; dozens of optimisers fill a disk
    return TrialState.COMPLETE, kept_epoch(read_history(run_dir), recipe)[study.monitor]


def trial_name(values: dict[str, Any]) -> str:
    """Return the run folder's name: the same values find the same folder again."""
    return "trial-" + hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:10]


def _num_parameters(recipe: Recipe) -> int:
    """Count parameters of the network with seven labels, before any data are read."""
    return int(start(recipe, num_labels=7).whole.count_params())


def _write_results(opened: "optuna.Study", study: Study, study_dir: Path) -> dict[str, Any]:
    """Write the table, the plot and the result of all trials so far."""
    from optuna.trial import TrialState

    trials = opened.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    keys = list(study.space)
    with atomic_path(study_dir / TABLE) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", "state", study.monitor, "epochs", "minutes", "run", *keys])
        for trial in trials:
            about = [trial.user_attrs.get(name, "") for name in ("epochs", "minutes", "run")]
            writer.writerow([trial.number, trial.state.name.lower(), trial.value, *about, *(trial.params.get(key) for key in keys)])
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    result: dict[str, Any] = {"study": study.name, "finished": len(trials), "planned": study.num_trials, "best": None, "importance": {}}
    if complete:
        best = opened.best_trial
        result["best"] = {"value": best.value, "values": best.params, "run": best.user_attrs.get("run")}
        result["importance"] = _importance(opened, len(complete))
        draw_study(complete, study, study_dir / FIGURE)
    write_text(study_dir / RESULT, json.dumps(result, indent=1) + "\n")
    return result


def _importance(opened: "optuna.Study", num_complete: int) -> dict[str, float]:
    """Return each key's share of the variance of the results (PED-ANOVA); too few trials say nothing."""
    import optuna

    if num_complete < 8:
        return {}
    try:
        shares = optuna.importance.get_param_importances(opened, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
    except (ValueError, RuntimeError):  # all results or all values of a key are alike
        return {}
    return {key: float(share) for key, share in shares.items()}


def draw_study(trials: Any, study: Study, path: Path) -> None:
    """Draw every trial's result over its number, and over the values of every key, into a PNG.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    keys = list(study.space)
    results = [trial.value for trial in trials]
    figure = new_figure(3.2 * (len(keys) + 1), 3.2)
    axes = figure.subplots(1, len(keys) + 1, sharey=True, squeeze=False)[0]
    axes[0].plot([trial.number for trial in trials], results, "o-", markersize=4)
    axes[0].set(xlabel="trial", ylabel=study.monitor, title=study.name)
    for one, key in zip(axes[1:], keys, strict=True):
        choices = study.space[key]
        if isinstance(choices, list):
            one.plot([choices.index(trial.params[key]) for trial in trials], results, "o", alpha=0.6)
            one.set_xticks(range(len(choices)), [str(choice) or "(none)" for choice in choices], rotation=30)
        else:
            one.plot([trial.params[key] for trial in trials], results, "o", alpha=0.6)
            one.set_xscale("log" if choices.get("log") else "linear")
        one.set(xlabel=key)
    for one in axes:
        one.grid(alpha=0.3)
    with atomic_path(path) as temporary:
        temporary.write_bytes(png_of(figure))
