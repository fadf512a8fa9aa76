"""``mien export``: a run becomes a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import console


def export(
    run: Annotated[Path, typer.Argument(help="Run folder that `mien train` wrote.", show_default=False)],
    data: console.Data = Path("data"),
    output: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Bundle folder; RUN/bundle/MODEL by default.")] = None,
    release: Annotated[
        bool, typer.Option("--release", help="Open PrivateTest and write its accuracy into the card; once per released model.")
    ] = False,
    json: console.Json = False,
) -> None:
    """Write float32 and int8 LiteRT files and their card, with parity, accuracy and calibration measured on PublicTest."""
    from dataclasses import asdict

    from mien.export.bundle import export as export_run
    from mien.training.folder import load_recipe_of

    out_dir = output or run / "bundle" / load_recipe_of(run).model
    card = export_run(run, data, out_dir, release, console.say)
    if json:
        console.print_json(asdict(card))
    else:
        console.out.print(f"{out_dir}", markup=False, soft_wrap=True)
