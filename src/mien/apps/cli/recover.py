"""``mien recover``: whole files from what a crash left."""

from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import console


def recover(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE_OR_FOLDER...", help="The file that was being written, or its folder.", show_default=False)
    ],
    json: console.Json = False,
) -> None:
    """Make the file that `mien stream` was writing when it was killed: JSONL, CSV, Parquet or MP4."""
    from mien.sinks.recover import recover as recover_files

    found = [one for path in paths for one in recover_files(path)]
    if json:
        console.print_json({"recovered": [{"path": str(one.path), "from": str(one.unfinished)} for one in found]})
        return
    for one in found:
        console.out.print(f"{one.path}: recovered from {one.unfinished.name}", markup=False, soft_wrap=True)
