"""``mien evaluate``: a bundle or a run on a split of a data set."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.card import DEFAULT_BUNDLE
from mien.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from mien.labels import LabelSet
    from mien.types import Classifier


def evaluate(
    model: Annotated[str, typer.Argument(metavar="[BUNDLE_OR_RUN]", help="Shipped bundle, bundle folder or run folder.")] = DEFAULT_BUNDLE,
    dataset: Annotated[str, typer.Option(help="Data set; `mien datasets` lists them.")] = "fer2013",
    data: console.Data = Path("data"),
    split: Annotated[str, typer.Option(help="training, publictest, privatetest or test (both merged).")] = "publictest",
    file: console.File = "float32",
    output: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write scores.csv, evaluation.json and confusion.png.")
    ] = None,
    record: Annotated[Path | None, typer.Option(metavar="FILE.jsonl", help="Append the result with commit and environment.")] = None,
    threads: console.Threads = 1,
    json: console.Json = False,
) -> None:
    """Measure accuracy, per-class figures and calibration of a bundle or run; one crop and one pass per face."""
    from mien.data.catalog import load_dataset
    from mien.evaluation.evaluate import evaluate as evaluate_model
    from mien.records import append_record

    if output and not find_spec("matplotlib"):
        raise MissingExtraError("Drawing the confusion matrix (--out)", "report")
    classify, labels, name, file_name = _open(model, file, threads)
    manifest = load_dataset(dataset, data).split(split)
    with console.progress(f"{name} on {dataset}/{split}") as show:
        evaluation = evaluate_model(classify, labels, manifest, show)
    head = {
        "model": name,
        "file": file_name,
        "dataset": dataset,
        "split": split,
        "crops": manifest.crops,
        "label_source": manifest.label_source,
    }
    result = head | evaluation.metrics
    if output:
        _write(output, evaluation, result)
    if record:
        append_record(record, "evaluate", result | {"data_sha256": manifest.sha256})
    if json:
        console.print_json(result)
    else:
        _print(result)


def _open(model: str, file: str, threads: int) -> "tuple[Classifier, LabelSet, str, str]":
    """Return classifier, labels, name and file of a bundle, or of a run folder."""
    if (Path(model) / "recipe.toml").is_file():
        from mien.evaluation.float_model import FloatClassifier

        if file != "float32":
            raise ConfigError(f"{model}: is a run, which has no {file} file. Export it first: mien export {model}")
        network = FloatClassifier(Path(model))
        return network, network.labels, network.recipe.name, "run"
    from mien.card import open_bundle
    from mien.runtime.litert import LiteRTClassifier

    bundle = open_bundle(model)
    return LiteRTClassifier(bundle.file(file), bundle.card, threads), bundle.card.labels, bundle.card.name, file


def _write(folder: Path, evaluation: Any, result: dict[str, Any]) -> None:
    import json

    from mien.atomic import write_text
    from mien.evaluation.evaluate import draw_confusion, write_scores

    write_scores(evaluation, folder / "scores.csv")
    write_text(folder / "evaluation.json", json.dumps(result, indent=1) + "\n")
    title = f"{result['model']} ({result['file']}) on {result['dataset']}/{result['split']}: {result['accuracy']:.2%}"
    draw_confusion(result, title, folder / "confusion.png")


def _print(result: dict[str, Any]) -> None:
    console.out.print(
        f"{result['model']} ({result['file']}) on {result['dataset']}/{result['split']}: "
        f"n {result['n']}, crops {result['crops']}, labels {result['label_source']}",
        markup=False,
        soft_wrap=True,
    )
    console.out.print(
        f"accuracy {result['accuracy']:.4f}   macro F1 {result['macro_f1']:.4f}   mean recall {result['mean_recall']:.4f}   "
        f"ECE {result['ece']:.4f}   log loss {result['log_loss']:.4f}",
        soft_wrap=True,
    )
    rows = [
        [name, f"{row['precision']:.3f}", f"{row['recall']:.3f}", f"{row['f1']:.3f}", row["support"]]
        for name, row in result["per_class"].items()
    ]
    console.print_table(["label", "precision", "recall", "F1", "n"], rows)
