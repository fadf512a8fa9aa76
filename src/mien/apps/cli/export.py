"""``mien export``: a run becomes a bundle, and a bundle gains files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import console
from mien.errors import ConfigError

if TYPE_CHECKING:
    from mien.export.origin import Origin


def export(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN_OR_BUNDLE",
            help="Run folder that `mien train` wrote, bundle to add files to, or, with --random-weights, a network of `mien models`.",
            show_default=False,
        ),
    ],
    data: console.Data = Path("data"),
    output: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Bundle folder; RUN/bundle/MODEL by default, or the bundle itself.")
    ] = None,
    files: Annotated[
        str, typer.Option(help="Files to write, separated by commas: float32, float16, dynamic, int8, int8_io, onnx, onnx_int8; or all.")
    ] = "float32,int8",
    release: Annotated[
        bool, typer.Option("--release", help="Open PrivateTest and write its accuracy into the card; once per released model.")
    ] = False,
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="Export an untrained network of the catalog, for measuring its load.")
    ] = False,
    json: console.Json = False,
) -> None:
    """Write LiteRT and ONNX files and their card, with parity, accuracy, time and calibration measured on PublicTest.

    Fails, and writes nothing, when a file differs from the trained network by more than its tolerance.
    """
    from dataclasses import asdict

    from mien.export.bundle import export as export_bundle
    from mien.export.formats import FORMATS, check_formats

    names = list(FORMATS) if files == "all" else console.listed(files)
    check_formats(names)
    out_dir = output or _default_out(source, random_weights)
    origin = _open_origin(source, data, out_dir.name, random_weights, any(FORMATS[name].has_ranges for name in names))
    card = export_bundle(origin, out_dir, names, release, console.say)
    if json:
        console.print_json(asdict(card))
        return
    rows = [
        [
            entry.path,
            f"{entry.bytes / 1e6:.2f}",
            f"{entry.parity_max_abs:.2g}",
            f"{entry.parity_mean_abs:.2g}",
            f"{100 * entry.top1_agreement:.2f}",
            ", ".join(f"{where} {100 * rate:.2f}" for where, rate in entry.accuracy.items()) or "-",
            f"{entry.latency_ms:.2f}",
        ]
        for entry in card.files.values()
    ]
    console.print_table(["file", "MB", "max difference", "mean", "same label %", "accuracy %", "ms"], rows)
    console.out.print(f"{out_dir}", soft_wrap=True)


def _default_out(source: str, random_weights: bool) -> Path:
    from mien.card import shipped_bundles
    from mien.training.folder import is_run, load_recipe_of

    path = Path(source)
    if random_weights:
        return Path(f"{source}-random")
    if is_run(path) or not (path / "card.json").is_file():
        if source in shipped_bundles():
            raise ConfigError(f"{source} is a shipped bundle, which stays as it is. Say where the new one goes: --out DIR.")
        return path / "bundle" / load_recipe_of(path).model
    return path


def _open_origin(source: str, data: Path, name: str, random_weights: bool, needs_faces: bool) -> "Origin":
    from mien.card import shipped_bundles
    from mien.export.origin import from_bundle, from_bundle_alone, from_catalog, from_run
    from mien.training.folder import is_run

    if random_weights:
        return from_catalog(source, name)
    path = Path(source)
    if not is_run(path) and ((path / "card.json").is_file() or source in shipped_bundles()):
        if not needs_faces and not data.exists():
            console.say(f"{data}: is not there, so new files are compared with float32.tflite on pictures of noise, and get no accuracy.")
            return from_bundle_alone(source)
        return from_bundle(source, data, console.say)
    return from_run(path, data, name, console.say)
