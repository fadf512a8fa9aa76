"""``mien evaluate``: a bundle, a run or a combined model on a split of a data set."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.card import DEFAULT_BUNDLE
from mien.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from mien.evaluation.evaluate import Evaluation


def evaluate(
    model: console.Classifier = DEFAULT_BUNDLE,
    dataset: Annotated[str, typer.Option(help="Data set; `mien datasets` lists them.")] = "fer2013",
    data: console.Data = Path("data"),
    split: console.Split = "publictest",
    file: console.File = "float32",
    crops: console.Crops = "auto",
    detector: console.EvaluationDetector = "yunet",
    output: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write scores.csv, evaluation.json and confusion.png.")
    ] = None,
    copies: Annotated[bool, typer.Option("--copies", help="Also tell apart the pictures that training holds, too.")] = False,
    split_of: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Split pictures without splits as this run, bundle or file of `mien split` does.")
    ] = None,
    by: Annotated[list[str] | None, typer.Option("--by", metavar="COLUMN", help="Accuracy for each word in a column of a CSV.")] = None,
    record: console.Record = None,
    probe: Annotated[str, typer.Option(help="Change the faces instead: pose, occlusion, framing, corruptions or parts.")] = "",
    beside: Annotated[list[str] | None, typer.Option("--beside", metavar="MODEL", help="Probe this model too; several times.")] = None,
    max_faces: Annotated[int, typer.Option(min=0, help="Faces of a probe, evenly over the split; 0 takes all.")] = 0,
    threads: console.Threads = 1,
    json: console.Json = False,
) -> None:
    """Measure accuracy, per-class figures and calibration of a bundle, run, combined model or peer.

    One crop and one pass per face, unless a run's recipe tests with ten crops. With --copies, accuracy apart on pictures that stand in
    training as well, and on those that no network can have seen. With --probe, accuracy under changed faces: turned, covered, cut 10 % or
    10 degrees wrong, spoiled in five strengths, or nothing but one part.
    """
    if output:
        require_matplotlib("Drawing (--out)")
        from mien.atomic import check_folder

        check_folder(output)
    if probe:
        from mien.apps.cli.probe import run_probe

        if crops not in ("auto", "direct") or detector != "yunet":
            raise ConfigError("--probe changes faces that are already cut out; leave --crops and --detector away.")
        if split_of or by:
            raise ConfigError("--probe takes the splits that a data set has; leave --split-of and --by away.")
        if copies:
            raise ConfigError("--copies tells apart the pictures of a split as they are; leave --probe away.")
        run_probe(probe, [model, *(beside or [])], dataset, data, split, file, max_faces, threads, output, record, json)
        return
    from mien.evaluation.measure import measure
    from mien.evaluation.open import open_classifier
    from mien.records import append_record

    if beside or max_faces:
        raise ConfigError("--beside and --max-faces belong to --probe. `mien compare` sets one model against another.")
    opened = open_classifier(model, file, threads)
    with console.progress(f"{opened.name} on {dataset}/{split}") as show:
        measurement = measure(opened, dataset, data, split, show, crops, detector, threads, copies, split_of, by or ())
    result = measurement.result
    if output:
        write_evaluation(output, measurement.evaluation, result)
    if record:
        append_record(record, "evaluate", result | {"data_sha256": measurement.evaluation.manifest.sha256})
    if json:
        console.print_json(result)
    else:
        print_result(result)


def require_matplotlib(purpose: str) -> None:
    """Fail before the work, not after it.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    if not find_spec("matplotlib"):
        raise MissingExtraError(purpose, "report")


def write_evaluation(folder: Path, evaluation: "Evaluation", result: dict[str, Any]) -> None:
    """Write scores.csv, evaluation.json and confusion.png.

    Raises:
        OutputError: a file cannot be written.
    """
    import json

    from mien.atomic import atomic_path, write_text
    from mien.data.scores import FILE_NAME, write_scores
    from mien.evaluation.figures import draw_confusion

    write_scores(evaluation.manifest, evaluation.scores, folder / FILE_NAME)
    told = result | {"data_sha256": evaluation.manifest.sha256}
    write_text(folder / "evaluation.json", json.dumps(told, indent=1) + "\n")
    title = f"{result['model']} ({result['file']}) on {result['dataset']}/{result['split']}: {result['accuracy']:.2%}"
    with atomic_path(folder / "confusion.png") as temporary:
        temporary.write_bytes(draw_confusion(result, title))


def print_result(result: dict[str, Any]) -> None:
    """Print what was measured, for people: the conditions, the figures, one row per label."""
    left_out = f", {result['left_out']} of labels the model lacks left out" if result.get("left_out") else ""
    interval = result["accuracy_interval"]
    lines = [
        f"{result['model']} ({result['file']}) on {result['dataset']}/{result['split']}: "
        f"n {result['n']}{describe_missed(result)}{left_out}{describe_barred(result)}, "
        f"crops {result['crops']}, labels {result['label_source']}",
        f"accuracy {result['accuracy']:.4f} ({interval['confidence']:.0%} interval {interval['low']:.4f} to {interval['high']:.4f})   "
        f"macro F1 {result['macro_f1']:.4f}   weighted F1 {result['weighted_f1']:.4f}   mean recall {result['mean_recall']:.4f}   "
        f"ECE {result['ece']:.4f}   log loss {result['log_loss']:.4f}",
    ]
    if result["leaks"]:
        lines.append("This run learned from or chose on pictures of test splits: on those its figures are worth nothing.")
    for line in lines:
        console.out.print(line, soft_wrap=True)
    for name, row in result.get("copies", {}).items():
        console.out.print(_describe_copies(name, row), soft_wrap=True)
    for name, row in result.get("poses", {}).items():
        console.out.print(f"head {name}: n {row['n']}{describe_missed(row)}, accuracy {row['accuracy']:.4f}", soft_wrap=True)
    for column, groups in result.get("groups", {}).items():
        print_groups(column, groups)
    rates = ("precision", "recall", "f1", "accuracy")
    rows = [[name, *(f"{row[key]:.3f}" for key in rates), row["support"]] for name, row in result["per_class"].items()]
    console.print_table(["label", "precision", "recall", "F1", "one-vs-rest accuracy", "n"], rows)


def print_groups(column: str, groups: dict[str, Any]) -> None:
    """Print one row per group of samples."""
    rows = []
    for name, row in groups.items():
        interval = row["accuracy_interval"]
        accuracy = f"{row['accuracy']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"
        rows.append([name or "(empty)", accuracy, f"{row['mean_recall']:.3f}", str(row["no_face"]), str(row["n"])])
    console.print_table([column, "accuracy (95 % interval)", "mean recall", "without a face", "n"], rows)


def describe_missed(result: dict[str, Any]) -> str:
    """Return how many pictures have no face, in words that follow their number; empty where all have one."""
    return f", {result['no_face']} without a face, counted as wrong" if result["no_face"] else ""


def describe_barred(result: dict[str, Any]) -> str:
    """Return which answers were allowed, in words that follow what was measured on; empty where all were."""
    num_asked, num_barred = len(result["labels"]), len(result.get("barred_labels", ()))
    return f", answers among the data's {num_asked} of its {num_asked + num_barred} labels" if num_barred else ""


def _describe_copies(name: str, row: dict[str, Any]) -> str:
    """Say in a line what one part of the test pictures shows."""
    kinds = {"exact": "the same pixels in training", "near": "the same photograph in training, cut or marked otherwise"}
    figures = f"accuracy {row['accuracy']:.4f}" if row["n"] else "none"
    remembered = f" (who knew training by heart: {row['remembered']:.4f})" if "remembered" in row else ""
    return f"{kinds.get(name, 'not in training')}: n {row['n']}, {figures}{remembered}"
