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
    """Make the file (JSONL, CSV, Parquet or MP4) that `mien stream` was writing when it was killed, or `mien predict` when interrupted."""
    from mien.sinks.recover import recover as recover_files

    found = [one for path in paths for one in recover_files(path)]
    done, failed = [one for one in found if not one.error], [one for one in found if one.error]
    if json:
        console.print_json(
            {
                "recovered": [{"path": str(one.path), "from": str(one.unfinished)} for one in done],
                "errors": [{"from": str(one.unfinished), "error": one.error} for one in failed],
            }
        )
    else:
        for one in done:
            console.out.print(f"{one.path}: recovered from {one.unfinished.name}", soft_wrap=True)
    for one in failed:
        console.say(f"mien: {one.unfinished}: not recovered. {one.error}")
    if failed:
        raise typer.Exit(2)
