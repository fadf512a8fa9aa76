"""``mien clips``: a model on video clips of one expression each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.apps.cli.evaluate import print_result
from mien.card import DEFAULT_BUNDLE

if TYPE_CHECKING:
    from mien.evaluation.clips import ClipEvaluation


def clips(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="EXPRESSION/PERSON.mp4 or PERSON_EXPRESSION.mp4 in this folder.", show_default=False)
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="Shipped bundle, bundle folder, run folder or combined model (.toml).")
    ] = DEFAULT_BUNDLE,
    file: console.File = "float32",
    detector: console.EvaluationDetector = "yunet",
    output: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write scores.csv (one row per clip) and evaluation.json.")
    ] = None,
    record: console.Record = None,
    threads: console.Threads = 1,
    json: console.Json = False,
) -> None:
    """Measure a model on clips: every frame through detector and network, a clip's label from the averaged scores."""
    from mien.detection.catalog import create_detector
    from mien.evaluation.clips import clip_rows, evaluate_clips, list_clips
    from mien.evaluation.measure import provenance
    from mien.evaluation.open import open_classifier
    from mien.records import append_record

    found = list_clips(folder)
    opened = open_classifier(model, file, threads)
    detect = create_detector(detector, "camera", threads=threads)
    with console.progress(f"{opened.name} on {len(found)} clips") as show:
        evaluation = evaluate_clips(opened, detect, found, show)
    head = {"model": opened.name, "file": opened.file, "dataset": str(folder), "split": "clips"}
    how = {"crops": ", ".join(filter(None, (f"detected ({detector})", opened.views))), "label_source": "names of the clips"}
    result = head | how | evaluation.metrics | provenance(opened, evaluation.labels) | {"clips": list(clip_rows(evaluation))}
    if output:
        _write(output, evaluation, result)
    if record:
        append_record(record, "clips", result)
    if json:
        console.print_json(result)
        return
    print_result(result)
    columns = ["clip", "label", "predicted", "frames", "frames_with_face"]
    console.print_table(columns, [["no face" if row[name] is None else row[name] for name in columns] for row in result["clips"]])


def _write(folder: Path, evaluation: "ClipEvaluation", result: dict[str, Any]) -> None:
    import json

    from mien.atomic import write_text
    from mien.data.scores import FILE_NAME
    from mien.evaluation.clips import write_clip_scores

    write_clip_scores(evaluation, folder / FILE_NAME)
    write_text(folder / "evaluation.json", json.dumps(result, indent=1) + "\n")
