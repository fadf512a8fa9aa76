"""The report of a run: what was trained on what, how it went, what it is worth, and where it errs."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.atomic import atomic_path, write_text
from mien.card import Card, open_bundle
from mien.data.scores import FILE_NAME, predicted_indices, write_scores
from mien.errors import ConfigError
from mien.evaluation import figures
from mien.evaluation.measure import Measurement
from mien.evaluation.metrics import CalibrationBin, RiskPoint
from mien.evaluation.page import Block, Code, Facts, Gallery, Page, Picture, Section, Table, Text, to_html, to_markdown
from mien.training.curves import draw_curves
from mien.training.folder import RECIPE, is_run, read_environments, read_facts, read_history, read_seconds
from mien.types import Float

NUM_MISTAKES = 24


def write_report(reference: str, measurement: Measurement | None, out_dir: Path) -> list[Path]:
    """Write ``report.html``, ``report.md`` with its pictures and, with a measurement, its scores and figures as files.

    Args:
        reference: Bundle, run folder or combined model, as ``open_classifier`` takes it.
        measurement: None to report training alone.

    Returns:
        The two pages.

    Raises:
        ConfigError: the run folder is damaged.
        MissingExtraError: matplotlib is not installed.
        OutputError: a file cannot be written.
    """
    page = build_page(reference, measurement)
    pages = {out_dir / "report.html": to_html(page), out_dir / "report.md": to_markdown(page)}
    for picture in page.pictures():
        with atomic_path(out_dir / picture.file_name) as temporary:
            temporary.write_bytes(picture.png)
    if measurement:
        write_scores(measurement.evaluation.manifest, measurement.evaluation.scores, out_dir / FILE_NAME)
        write_text(out_dir / "evaluation.json", json.dumps(measurement.result, indent=1) + "\n")
    for path, text in pages.items():
        write_text(path, text)
    return list(pages)


def build_page(reference: str, measurement: Measurement | None) -> Page:
    """Return the report as a page; see ``write_report``."""
    path = Path(reference)
    if is_run(path):
        name, sections = _run_sections(path)
    elif path.suffix == ".toml":
        name, sections = path.stem, [Section("Model", [Code(path.name, _read_text(path))])]
    else:
        name, sections = _bundle_sections(open_bundle(reference).card)
    if measurement:
        training = _training_counts(path if is_run(path) else None, measurement)
        sections += _evaluation_sections(measurement, training)
    return Page(f"Report: {name}", sections)


def _run_sections(run_dir: Path) -> tuple[str, list[Section]]:
    """What a run folder says of itself, and its curves."""
    text = _read_text(run_dir / RECIPE)
    try:
        recipe = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _damaged(run_dir / RECIPE, error) from error
    facts, history, seconds = read_facts(run_dir), read_history(run_dir), read_seconds(run_dir)
    values = [
        *((key, str(recipe[key])) for key in ("name", "description", "model", "dataset", "seed", "init") if recipe.get(key, "") != ""),
        ("training images", str(facts.get("num_training", "unknown"))),
        ("data, SHA-256", str(facts.get("sha256", "unknown"))),
        ("epochs", f"{len(history)} of {recipe.get('optimizer', {}).get('epochs', 'unknown')}"),
        ("time", f"{seconds / 60:.0f} min"),
        *_environment_facts(read_environments(run_dir)),
    ]
    leak = [Text("This run learned from, or was chosen on, pictures of test splits: its figures on those are no test.")]
    sections = [Section("Run", [*(leak if facts.get("leaks") else []), Facts(values), Code(RECIPE, text)])]
    if history:
        last = ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in history[-1].items() if key != "epoch")
        note = "Training: augmented faces. Validation: the recipe's validation split."
        sections.append(Section("Curves", [Picture("curves.png", draw_curves(history), f"{note} Last epoch: {last}.")]))
    return str(recipe.get("name", run_dir.name)), sections


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ConfigError:
    return ConfigError(f"{path}: cannot be read ({error}). The run folder is damaged; train anew.")


def _environment_facts(environments: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """The session that finished the run; earlier ones where their commit differs."""
    if not environments:
        return []
    last = environments[-1]
    packages = ", ".join(f"{name} {version}" for name, version in last.get("packages", {}).items())
    return [
        ("commit", ", ".join(dict.fromkeys(str(environment.get("commit")) for environment in environments))),
        ("machine", f"{last.get('processor')}, {last.get('num_cores')} cores, {last.get('system')}"),
        ("software", f"Python {last.get('python')}, Keras on {last.get('keras_backend')}, {packages}"),
        ("sessions", str(len(environments))),
    ]


def _bundle_sections(card: Card) -> tuple[str, list[Section]]:
    training = card.training
    values = [
        ("name", card.name),
        ("network", f"{card.network.architecture}, {card.network.parameters} parameters, {card.network.macs} MACs"),
        ("recipe", training.recipe),
        ("data", f"{training.data}, {training.num_images} training images"),
        ("data, SHA-256", training.data_sha256),
        ("seed", str(training.seed)),
        ("epochs", str(training.epochs)),
        ("commit", training.commit),
        ("calibration", f"temperature {card.calibration.temperature}, {card.calibration.fitted_on}"),
        ("limits", card.limits),
    ]
    return card.name, [Section("Bundle", [Facts(values)])]


def _training_counts(run_dir: Path | None, measurement: Measurement) -> dict[str, int]:
    """Count the training labels: those of the run's own data, else of the data set at hand."""
    facts = read_facts(run_dir) if run_dir else {"counts": measurement.data.counts()}
    training: dict[str, int] = facts.get("counts", {}).get("training", {})
    return training


def _evaluation_sections(measurement: Measurement, training: dict[str, int]) -> list[Section]:
    result = measurement.result
    place = f"{result['dataset']}/{result['split']}"
    evaluated = {label: row["support"] for label, row in result["per_class"].items()}
    histogram = figures.draw_histogram(({"training": training} if training else {}) | {place: evaluated})
    bins = [CalibrationBin(**values) for values in result["calibration_bins"]]
    points = [RiskPoint(**values) for values in result["risk_coverage"]]
    reliability = f"ECE {result['ece']:.4f}, log loss {result['log_loss']:.4f}, Brier score {result['brier']:.4f}."
    abstaining = "The surest faces alone: what leaving the others unread is worth."
    confusion = f"{place}: percent of each true label, counts below."
    return [
        Section(f"Evaluation on {place}", [*_summary(result), _per_class(result)]),
        Section("Confusion", [Picture("confusion.png", figures.draw_confusion(result), confusion)]),
        Section(
            "Classes", [Picture("classes.png", histogram, "Share of every label; counts above the bars, before duplicates are left out.")]
        ),
        Section("Calibration", [Picture("reliability.png", figures.draw_reliability(bins), reliability)]),
        Section("Abstaining", [Picture("risk.png", figures.draw_risk_coverage(points), abstaining)]),
        Section("Worst mistakes", _mistakes(measurement)),
    ]


def _summary(result: dict[str, Any]) -> list[Block]:
    interval = result["accuracy_interval"]
    missed = f", {result['no_face']} without a face (counted as wrong)" if result["no_face"] else ""
    left_out = f", {result['left_out']} of labels the model lacks left out" if result["left_out"] else ""
    note = (
        f"Model {result['model']} ({result['file']}); n {result['n']}{missed}{left_out}; "
        f"crops: {result['crops']}; labels: {result['label_source']}."
    )
    values = [
        ("accuracy", f"{result['accuracy']:.2%}"),
        (f"{interval['confidence']:.0%} interval", f"{interval['low']:.2%} to {interval['high']:.2%} ({interval['method']})"),
        ("macro F1", f"{result['macro_f1']:.4f}"),
        ("weighted F1", f"{result['weighted_f1']:.4f}"),
        ("mean recall", f"{result['mean_recall']:.4f}"),
        ("macro precision", f"{result['macro_precision']:.4f}"),
    ]
    return [Text(note), Facts(values)]


def _per_class(result: dict[str, Any]) -> Table:
    columns = ["label", "precision", "recall", "F1", "one-vs-rest accuracy", "TP", "FP", "FN", "TN", "n"]
    rates = ("precision", "recall", "f1", "accuracy")
    counts = ("true_positive", "false_positive", "false_negative", "true_negative", "support")
    rows = [[name, *(f"{row[key]:.3f}" for key in rates), *(str(row[key]) for key in counts)] for name, row in result["per_class"].items()]
    return Table(columns, rows)


def worst_mistakes(scores: Float, labels: "np.ndarray[Any, np.dtype[np.int64]]", count: int = NUM_MISTAKES) -> list[int]:
    """Return the wrong samples whose true label got the lowest scores, the worst first; those without scores are left out."""
    predicted = predicted_indices(scores)
    wrong = np.flatnonzero((predicted >= 0) & (predicted != labels))
    order = np.argsort(scores[wrong, labels[wrong]], kind="stable")
    return [int(index) for index in wrong[order][:count]]


def _mistakes(measurement: Measurement) -> list[Block]:
    evaluation, names = measurement.evaluation, measurement.evaluation.manifest.labels
    pictures: list[Picture] = []
    for index in worst_mistakes(evaluation.scores, evaluation.manifest.label_indices):
        sample, scores = evaluation.manifest.samples[index], evaluation.scores[index]
        crop = measurement.crop_of(sample)
        if crop is None:  # never: samples without scores are left out
            continue
        best = int(scores.argmax())
        caption = f"{sample.label} {scores[names.index(sample.label)]:.1%}, read as {names[best]} {scores[best]:.1%} (row {sample.row})"
        pictures.append(Picture(f"mistake-{len(pictures) + 1:02d}.png", figures.draw_crop(crop), caption))
    if not pictures:
        return [Text("None: every face that was found is read as its label says.")]
    return [Text("Wrong readings whose true label got the lowest probability."), Gallery(pictures)]
