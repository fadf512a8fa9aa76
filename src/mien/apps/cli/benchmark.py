"""``mien benchmark``: measurements with records."""

from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import benchmark_load, console
from mien.card import DEFAULT_BUNDLE

app = typer.Typer(help="Measure speed, load and framing, and keep the records.")
for _command in ("latency", "device", "complexity", "statistics", "load", "accuracy", "browser", "pareto"):
    app.command(_command)(getattr(benchmark_load, _command))


@app.command()
def pipeline(
    detectors: Annotated[
        str, typer.Option(help="Detectors to compare, separated by commas; NAME:picture looks for small faces too.")
    ] = "blazeface,yunet,yunet:picture,haar",
    sizes: Annotated[str, typer.Option(help="Frame sizes, separated by commas.")] = "480p,720p,1080p",
    faces: Annotated[str, typer.Option(help="Numbers of faces in a frame, separated by commas.")] = "0,1,5,20",
    model: console.Model = DEFAULT_BUNDLE,
    runs: Annotated[int, typer.Option(min=1, help="Timed passes of each candidate over each frame.")] = 40,
    peer_python: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Interpreter that has the package fer, to compare with; mien's own by default.")
    ] = None,
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Time whole frames (detect, align, classify, draw) by stage, float32 and int8, one thread, in turns with the package fer."""
    from mien.apps.cli.pipeline_table import COLUMNS, LEGEND, read_counts, table_rows
    from mien.benchmark.pipeline import make_scenes, measure_pipeline
    from mien.records import append_record

    scenes = make_scenes(console.listed(sizes), read_counts(faces))
    with console.progress("pipeline") as show:
        result = measure_pipeline(console.listed(detectors), scenes, runs, peer_python, show, model)
    if record:
        append_record(record, "benchmark pipeline", result)
    if result["peer_note"]:
        console.say(f"Without fer: {result['peer_note']}")
    if json:
        console.print_json(result)
        return
    console.print_table(COLUMNS, table_rows(result))
    console.out.print(f"{LEGEND}\nfloat32 / int8, classifier alone: {result['float32_over_int8']:.2f}")


@app.command()
def framing(
    model: console.Classifier = DEFAULT_BUNDLE,
    data: console.Data = Path("data"),
    detectors: Annotated[str, typer.Option(help="Detectors to compare, separated by commas.")] = "yunet,blazeface,blazeface_full,haar",
    file: console.File = "float32",
    max_faces: Annotated[int, typer.Option(min=1, help="Faces of PublicTest to use.")] = 3589,
    sweep: Annotated[bool, typer.Option("--sweep", help="Also try other sizes and centres of the cut.")] = False,
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Paste PublicTest faces into larger scenes, find them with each detector, and compare accuracy with the direct crop."""
    from mien.benchmark.framing import measure_framing
    from mien.evaluation.open import open_classifier
    from mien.records import append_record

    opened = open_classifier(model, file)
    with console.progress("framing") as show:
        result = measure_framing(opened, data, console.listed(detectors), max_faces, sweep, show)
    if record:
        append_record(record, "benchmark framing", result)
    if json:
        console.print_json(result)
        return
    columns = ["detector", "found", "found_share", "direct_accuracy", "accuracy", "loss"]
    console.print_table(columns, [[_short(row[column]) for column in columns] for row in result["rows"]])
    if result["leaks"]:
        console.say("This run learned from or chose on pictures of test splits: on those its figures are worth nothing.")
    if result["barred_labels"]:
        console.say(f"It knows {', '.join(result['barred_labels'])} besides; its answers are among the data's labels.")


@app.command()
def networks(
    names: Annotated[str, typer.Option(help="Networks, separated by commas; all by default.")] = "",
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Build, train a step, save, load, export and run every network, and count parameters, MACs and bytes."""
    from dataclasses import asdict

    from mien.benchmark.networks import check_network
    from mien.models.catalog import MODELS, find_model
    from mien.records import append_record

    chosen = [find_model(name) for name in console.listed(names)] or list(MODELS.values())
    rows = []
    with console.progress("networks") as show:
        for index, row in enumerate(chosen):
            show(index, len(chosen))
            rows.append(asdict(check_network(row)))
            if record:
                append_record(record, "benchmark networks", rows[-1])
    if json:
        console.print_json({"networks": rows})
        return
    columns = ["network", "input", "parameters", "MACs, M", "float32 MB", "difference"]
    table = [
        [
            row["name"],
            "x".join(map(str, row["input_hwc"])),
            f"{row['parameters']:,}",
            f"{row['macs'] / 1e6:,.1f}",
            f"{row['float32_bytes'] / 1e6:.2f}",
            f"{row['largest_difference']:.1g}",
        ]
        for row in rows
    ]
    console.print_table(columns, table)


@app.command()
def stream(
    data: console.Data = Path("data"),
    only: Annotated[str, typer.Option(help="Scenarios, separated by commas; all by default.")] = "",
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Measure the stream on scenes with known truth: cost, identities, flicker, delay, an hour of video, a killed process."""
    from mien.benchmark.scenarios import NAMES, measure_scenario
    from mien.errors import UnknownNameError
    from mien.records import append_record

    chosen = console.listed(only) or list(NAMES)
    for name in chosen:
        if name not in NAMES:
            raise UnknownNameError("Scenario", name, NAMES)
    results = []
    for name in chosen:
        with console.progress(name) as show:
            results.append(measure_scenario(name, data, show))
        if record:
            append_record(record, "benchmark stream", results[-1])
    if json:
        console.print_json({"scenarios": results})
        return
    for result in results:
        short = {key: value for key, value in result.items() if not isinstance(value, (list, dict)) or key == "frames_per_second"}
        console.print_table([result["scenario"], ""], [[key, _short(value)] for key, value in short.items()])


def _short(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
