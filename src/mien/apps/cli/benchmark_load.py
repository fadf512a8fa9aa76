"""The commands of ``mien benchmark`` that measure networks: latency, device, complexity, statistics, load, accuracy, browser and pareto."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.errors import ConfigError, MienError

if TYPE_CHECKING:
    from mien.benchmark.candidates import Candidate
    from mien.data.manifest import Manifest

Candidates = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CANDIDATE]...",
        help="BUNDLE[:FILE], NETWORK[:FILE] of `mien models` (random weights), or a .tflite or .onnx file. Default: mien_s in both files; "
        "of `statistics`, the three networks of paper 001.",
        show_default=False,
    ),
]
NetworksDir = Annotated[Path, typer.Option("--networks", metavar="DIR", help="Where networks with random weights are exported and kept.")]
Runs = Annotated[int, typer.Option(min=2, help="Timed rounds; in each, every candidate runs once.")]
Pictures = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of FER2013, to draw the pictures from PublicTest; noise without it.", show_default=False),
]
Threads = Annotated[int, typer.Option(min=1, max=256, help="CPU threads of each network.")]
DEFAULT_CANDIDATES = ("mien_s:float32", "mien_s:int8")
PAPER_001 = ("clcm", "mobilenet_v2_topped", "shufflenet_v2_wide")


def _open(names: list[str] | None, networks_dir: Path) -> "list[Candidate]":
    """Open all candidates before anything is measured; one that is called like another is called by its path."""
    from mien.benchmark.candidates import open_candidate

    opened: dict[str, Candidate] = {}
    for text in dict.fromkeys(names or DEFAULT_CANDIDATES):
        one = open_candidate(text, networks_dir, console.say)
        namesake = opened.get(one.name)
        if namesake is None:
            opened[one.name] = one
        elif namesake.sha256 != one.sha256:  # as one's own mien_s beside the shipped one
            opened[text] = replace(one, name=text)
    return list(opened.values())


def _public_test(data: Path | None) -> "Manifest | None":
    """Return what pictures are drawn from: PublicTest, or the merged test of a copy in folders, which has no other."""
    from mien.data.catalog import load_dataset

    if data is None:
        return None
    manifest = load_dataset("fer2013", data)
    return manifest.split("publictest" if "publictest" in manifest.counts() else "test")


def _finish(kind: str, result: dict[str, Any], record: Path | None, json: bool, columns: list[str], rows: list[list[str]]) -> None:
    """Keep the record, and print it as one object or as a table."""
    if record:
        from mien.records import append_record

        append_record(record, kind, result)
    if json:
        console.print_json(result)
    else:
        console.print_table(columns, rows)


def latency(
    candidates: Candidates = None,
    runs: Runs = 50,
    threads: Threads = 1,
    batch: Annotated[int, typer.Option(min=1, help="Faces per timed call, one after another.")] = 1,
    networks_dir: NetworksDir = Path("networks"),
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Time one face through each candidate, from prepared input to scores, candidates taking turns in random order."""
    from mien.benchmark.latency import measure_latency

    opened = _open(candidates, networks_dir)
    with console.progress("latency") as show:
        result = measure_latency(opened, runs, threads, batch, on_progress=show)
    keys = ("median_ms", "p95_ms", "mean_ms", "sd_ms", "first_ms", "load_ms")
    rows = [
        [row["candidate"], row["weights"], *(f"{row[key]:.3f}" for key in keys), f"{row['times_reference']:.2f}"] for row in result["rows"]
    ]
    columns = ["candidate", "weights", "median ms", "p95", "mean", "sd", "first call", "load", f"times {result['reference']}"]
    _finish("benchmark latency", result, record, json, columns, rows)


def device(
    candidates: Candidates = None,
    data: Pictures = None,
    repeats: Annotated[int, typer.Option(min=1, help="Passes over the 35 pictures.")] = 10,
    threads: Threads = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of pictures.")] = 0,
    networks_dir: NetworksDir = Path("networks"),
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """000's protocol: 35 pictures ten times over in a process of its own; average time, peak processor share, peak memory."""
    from mien.benchmark.device import draw_pictures, measure_device

    opened = _open(candidates, networks_dir)
    pictures, source = draw_pictures(_public_test(data), seed)
    with console.progress("device") as show:
        measured = []
        for index, one in enumerate(opened):
            show(index, len(opened))
            measured.append(measure_device(one, pictures, threads, repeats))
    keys = ("average_ms", "peak_cpu_percent_of_core", "peak_cpu_percent_of_machine", "peak_resident_mb", "peak_private_mb")
    rows = [
        [row["candidate"], row["weights"], *(f"{row[key]['mean']:.2f} ± {row[key]['sd']:.2f}" for key in keys), _both(row["baseline_mb"])]
        for row in measured
    ]
    columns = [
        "candidate",
        "weights",
        "average ms",
        "peak CPU, % of a core",
        "% of the machine",
        "peak resident MB",
        "peak private MB",
        "baseline",
    ]
    _finish("benchmark device", {"pictures": source, "seed": seed, "rows": measured}, record, json, columns, rows)
    if not json:
        console.say("Memory is above the baseline: the process before it loads the network (resident / private MB).")


def _both(memory: dict[str, float]) -> str:
    return f"{memory['resident']:.1f} / {memory['private']:.1f}"


def complexity(
    candidates: Candidates = None, networks_dir: NetworksDir = Path("networks"), record: console.Record = None, json: console.Json = False
) -> None:
    """Count values, multiply-accumulates, bytes and peak activation memory of files, and a proxy of their energy."""
    from mien.benchmark.complexity import count_file

    result = {"rows": [count_file(one) for one in _open(candidates, networks_dir)]}
    rows = [
        [
            row["candidate"],
            f"{row['values']:,}",
            f"{row['macs'] / 1e6:,.2f}",
            f"{row['flops'] / 1e9:.4f}",
            f"{row['bytes'] / 1e6:.2f}",
            "-" if row["peak_activation_bytes"] is None else f"{row['peak_activation_bytes'] / 1e3:,.0f}",
            f"{row['energy_proxy_uj']:,.0f}",
        ]
        for row in result["rows"]
    ]
    columns = ["candidate", "values", "million MACs", "GFLOPs", "MB", "peak activations, kB", "energy proxy, uJ"]
    _finish("benchmark complexity", result, record, json, columns, rows)


def statistics(
    candidates: Candidates = None,
    runs: Annotated[int, typer.Option(min=8, help="Timings of each candidate; 001 took 50.")] = 50,
    threads: Threads = 1,
    networks_dir: NetworksDir = Path("networks"),
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """001's comparison: N timings of each candidate, ANOVA with Tukey's test, and Friedman's and Wilcoxon's beside them."""
    from mien.benchmark.latency import measure_latency
    from mien.benchmark.statistics import compare_times

    opened = _open(candidates or list(PAPER_001), networks_dir)
    with console.progress("statistics") as show:
        measured = measure_latency(opened, runs, threads, on_progress=show)
    tested = compare_times({row["candidate"]: row["samples_ms"] for row in measured["rows"]})
    rows = [
        [
            f"{pair['first']} - {pair['second']}",
            f"{pair['mean_difference_ms']:+.3f}",
            f"{pair['interval_ms'][0]:+.3f} to {pair['interval_ms'][1]:+.3f}",
            f"{pair['tukey_p']:.2g}",
            f"{pair['wilcoxon_p']:.2g}",
            pair["verdict"],
        ]
        for pair in tested["pairs"]
    ]
    columns = ["pair", "mean difference, ms", "95 % interval", "p, Tukey", "p, Wilcoxon (Holm)", "verdict"]
    _finish("benchmark statistics", {**measured, "statistics": tested}, record, json, columns, rows)
    if not json:
        for name, mean in tested["mean_ms"].items():
            console.out.print(f"{name}: {mean:.3f} ± {tested['sd_ms'][name]:.3f} ms, normal with p = {tested['normality'][name]:.2g}")
        friedman = f"; Friedman chi2 = {tested['friedman']['chi2']:.4g}, p = {tested['friedman']['p']:.2g}" if tested["friedman"] else ""
        console.out.print(f"ANOVA F = {tested['anova']['f']:.4g}, p = {tested['anova']['p']:.2g}{friedman}")


def load(
    networks: Annotated[
        list[str] | None, typer.Argument(metavar="[NETWORK]...", help="Networks; all by default.", show_default=False)
    ] = None,
    data: Pictures = None,
    runs: Runs = 50,
    repeats: Annotated[int, typer.Option(min=1, help="Passes over the 35 pictures.")] = 10,
    threads: Threads = 1,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Append each finished network; those already there are not measured again.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Measure networks again that the record holds.")] = False,
    json: console.Json = False,
) -> None:
    """Export every network, and measure counts, latency and device load of its float32 and int8 file."""
    from mien.benchmark.device import draw_pictures
    from mien.benchmark.load import KIND, default_networks, finished, measure_load
    from mien.models.catalog import find_model
    from mien.records import append_record

    chosen = networks or default_networks()
    for name in chosen:
        find_model(name)  # a mistake should show before minutes of measuring
    pictures, source = draw_pictures(_public_test(data))
    protocol = {"threads": threads, "runs": runs, "repeats": repeats, "pictures": source}
    done = finished(record, protocol) if record and not again else set()
    results, failures = [], []
    with console.progress("load") as show:
        for index, name in enumerate(chosen):
            show(index, len(chosen))
            if name in done:
                continue
            try:
                results.append(measure_load(name, pictures, protocol, console.say))
            except MienError as error:
                failures.append(f"{name}: {error}")
                console.say(failures[-1])
                continue
            if record:
                append_record(record, KIND, results[-1])
    if json:
        console.print_json({"rows": results, "already_there": sorted(done & set(chosen)), "failures": failures})
    else:
        _print_load(results, len(done & set(chosen)))
    if failures:
        raise ConfigError(f"{len(failures)} of {len(chosen)} networks could not be measured; the others are kept. {failures[0]}")


def _print_load(results: list[dict[str, Any]], num_done: int) -> None:
    rows = []
    for result in results:
        for row in result["rows"]:
            device_ = row["device"]
            rows.append(
                [
                    f"{result['network']}:{row['file']}",
                    f"{result['parameters']:,}",
                    f"{result['macs'] / 1e6:,.0f}",
                    f"{row['bytes'] / 1e6:.2f}",
                    f"{row['latency']['median_ms']:.2f}",
                    f"{row['latency']['times_reference']:.2f}",
                    f"{device_['average_ms']['mean']:.2f}",
                    f"{device_['peak_cpu_percent_of_core']['mean']:.0f}",
                    f"{device_['peak_resident_mb']['mean']:.1f}",
                ]
            )
    columns = ["network", "parameters", "million MACs", "MB", "median ms", "times mien_s", "average ms (000)", "CPU %", "resident MB"]
    if rows:
        console.print_table(columns, rows)
    if num_done:
        console.say(f"{num_done} networks were already in the record; --again measures them once more.")


def accuracy(
    candidates: Candidates = None,
    data: console.Data = Path("data"),
    split: console.Split = "publictest",
    runs: Runs = 50,
    networks_dir: NetworksDir = Path("networks"),
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Accuracy of bundles and peers' files on a split of FER2013, direct crops, beside their time, size and work."""
    from mien.benchmark.accuracy import measure_accuracy
    from mien.data.catalog import load_dataset

    opened = _open(candidates, networks_dir)
    manifest = load_dataset("fer2013", data).split(split)
    with console.progress("accuracy") as show:
        result = measure_accuracy(opened, manifest, split, runs, show)
    rows = [
        [
            f"{row['candidate']}{'*' if row['barred_labels'] else ''}",
            f"{100 * row['accuracy']:.2f}",
            f"{100 * row['accuracy_interval']['low']:.1f} to {100 * row['accuracy_interval']['high']:.1f}",
            f"{row['median_ms']:.2f}",
            f"{row['bytes'] / 1e6:.2f}",
            f"{row['macs'] / 1e6:.1f}",
        ]
        for row in result["rows"]
    ]
    _finish("benchmark accuracy", result, record, json, ["candidate", "accuracy %", "95 % interval", "ms", "MB", "million MACs"], rows)
    if not json and any(row["barred_labels"] for row in result["rows"]):
        console.say(f"* knows other labels besides; its answers are among the data's {len(manifest.labels)}.")


def browser(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.json...", help="What the page's benchmark saved.", show_default=False)],
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Read what browsers measured by 000's protocol (page 'Measure this device'), and join it to mien's records."""
    from mien.benchmark.browser import browser_name, read_browser_result
    from mien.records import append_record

    results = [read_browser_result(path) for path in files]
    for result in results if record else ():
        append_record(record, "benchmark browser", result)  # type: ignore[arg-type]
    if json:
        console.print_json({"results": results})
        return
    rows = [
        [
            browser_name(result["device"]),
            str(result["device"]["platform"]),
            row["candidate"] if row["shipped"] else f"{row['candidate']} (not of this mien)",
            f"{row['average_ms']['mean']:.2f} ± {row['average_ms']['sd']:.2f}",
            f"{row['p50_ms']:.2f}",
            f"{row['p95_ms']:.2f}",
            f"{row['load_ms']:.0f}",
        ]
        for result in results
        for row in result["rows"]
    ]
    console.print_table(["browser", "platform", "candidate", "average ms", "p50", "p95", "load ms"], rows)


def pareto(
    results_dir: Annotated[Path, typer.Option("--results", metavar="DIR", help="Folder of accuracy, reproduce and load records.")] = Path(
        "results"
    ),
    picture: Annotated[Path, typer.Option("--picture", metavar="FILE.png", help="Where the picture goes.")] = Path("pareto.png"),
    split: Annotated[str, typer.Option(help="Data set and split of the filled points.")] = "fer2013/privatetest",
    json: console.Json = False,
) -> None:
    """Draw accuracy against time, size and work of all records that are there, peers among them."""
    from mien.atomic import atomic_path
    from mien.benchmark.pareto import draw_pareto, points_of_records
    from mien.records import read_records

    found = {
        name: [record for record in read_records(results_dir / f"{name}.jsonl") if record.get("kind") == kind]
        for name, kind in (("accuracy", "benchmark accuracy"), ("reproduce", "reproduce"), ("load", "benchmark load"))
        if (results_dir / f"{name}.jsonl").is_file()
    }
    points = points_of_records(found.get("accuracy", []), found.get("reproduce", []), found.get("load", []))
    if not any(one["split"] == split for one in points):
        raise ConfigError(
            f"{results_dir}: no record of {split} to draw. Measure some: mien benchmark accuracy --record {results_dir}/accuracy.jsonl"
        )
    with atomic_path(picture) as temporary:
        temporary.write_bytes(draw_pareto(points, split))
    rows = [
        [
            one["name"],
            one["split"],
            f"{100 * one['accuracy']:.2f}",
            f"{one['median_ms']:.2f}",
            f"{one['megabytes']:.2f}",
            f"{one['million_macs']:.1f}",
        ]
        for one in points
    ]
    if json:
        console.print_json({"points": points, "picture": str(picture)})
    else:
        console.print_table(["name", "split", "accuracy %", "ms", "MB", "million MACs"], rows)
