"""The probes of ``mien evaluate --probe``: several models under the same changed faces, as a table and a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.apps.cli import console

if TYPE_CHECKING:
    from mien.data.manifest import Manifest


def run_probe(
    kind: str,
    models: list[str],
    dataset: str,
    data: Path,
    split: str,
    file: str,
    max_faces: int,
    threads: int,
    output: Path | None,
    record: Path | None,
    json: bool,
) -> None:
    """Probe every model on the same faces, then print, draw and record.

    Raises:
        UnknownNameError: no such probe or model.
        ConfigError: the data set's pictures are not cut faces.
    """
    from mien.atomic import atomic_path
    from mien.data.sampling import spread_out
    from mien.evaluation.evaluate import common_part
    from mien.evaluation.measure import as_trained
    from mien.evaluation.open import open_several
    from mien.evaluation.probe import probe
    from mien.evaluation.probe_figure import draw_probe
    from mien.records import append_record

    whole = _cut_faces(dataset, data)
    opened = open_several(models, file, threads)
    manifest = spread_out(whole.split(split), max_faces)
    rows = []
    for model in opened:
        own = spread_out(as_trained(model, whole, dataset).split(split), max_faces)
        known, _ = common_part(own, model.labels)
        with console.progress(f"{kind}, {model.name}") as show:
            found = probe(model, known, kind, show)
        rows.append(found | {"n": len(known), "labels": known.labels, "files_sha256": model.files_sha256, "leaks": model.leaks})
    result: dict[str, Any] = {
        "probe": kind,
        "dataset": dataset,
        "split": split,
        "n": len(manifest),
        "data_sha256": manifest.sha256,
        "rows": rows,
    }
    if output:
        with atomic_path(output / f"{kind}.png") as temporary:
            temporary.write_bytes(draw_probe(result))
    if record:
        append_record(record, "probe", result)
    if json:
        console.print_json(result)
    else:
        _print(result)


def _cut_faces(dataset: str, data: Path) -> "Manifest":
    """Return a data set whose pictures are faces."""
    from mien.data.catalog import load_dataset
    from mien.errors import ConfigError

    manifest = load_dataset(dataset, data)
    if "whole" in manifest.crops:
        raise ConfigError(
            f"{dataset}: its pictures show more than the face. Cut the faces first: mien crop {dataset} --data {data} --out DIR"
        )
    return manifest


def _print(result: dict[str, Any]) -> None:
    for row in result["rows"]:
        if row["leaks"]:
            console.say(f"{row['model']} learned from or chose on pictures of test splits: on those its figures are worth nothing.")
    console.out.print(f"{result['probe']} on {result['dataset']}/{result['split']}, {result['n']} faces; accuracy in %", soft_wrap=True)
    if result["probe"] != "corruptions":
        names = list(result["rows"][0]["conditions"])
        rows = [[row["model"], row["n"], *(f"{100 * row['conditions'][name]:.1f}" for name in names)] for row in result["rows"]]
        console.print_table(["model", "n", *names], rows)
        return
    names = list(dict.fromkeys(name.partition("/")[0] for name in result["rows"][0]["conditions"]))
    rows = []
    for row in result["rows"]:
        means = [_mean([rate for key, rate in row["conditions"].items() if key.startswith(f"{name}/")]) for name in names]
        rows.append([row["model"], f"{100 * row['clean']:.1f}", f"{100 * row['summary']:.1f}", *(f"{100 * mean:.1f}" for mean in means)])
    console.print_table(["model", "clean", "mean of all", *names], rows)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
