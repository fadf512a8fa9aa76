"""``mien crop``: cut the faces of a data set whose pictures show more."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import console
from mien.apps.cli.predict import is_folder
from mien.errors import ConfigError


def crop(
    dataset: Annotated[str, typer.Argument(help="Data set; `mien datasets` lists them.", show_default=False)],
    output: Annotated[Path, typer.Option("--out", metavar="DIR", help="Receives the faces and faces.csv.", show_default=False)],
    data: console.Data = Path("data"),
    detector: console.EvaluationDetector = "yunet",
    side: Annotated[int, typer.Option(min=16, max=1024, help="Side of the square face pictures, in pixels.")] = 112,
    json: console.Json = False,
) -> None:
    """Cut the faces of JAFFE, KDEF, CK+ or your own pictures as the pipeline does, for training with --set dataset=csv."""
    from mien.data.catalog import load_dataset
    from mien.detection.catalog import create_detector
    from mien.evaluation.cut import cut_faces

    home = data if is_folder(data) else data.parent
    if Path(os.path.realpath(output)).is_relative_to(os.path.realpath(home)):
        raise ConfigError(f"{output}: lies in the data, where crops would become or replace samples. Choose a folder elsewhere with --out.")
    detect = create_detector(detector)
    with console.progress(f"faces of {dataset}") as show:
        result = cut_faces(load_dataset(dataset, data), detect, output, side, show)
    if json:
        console.print_json(result)
        return
    console.out.print(f"{result['cut']} of {result['n']} faces cut, {result['no_face']} pictures without a face", soft_wrap=True)
    console.out.print(result["table"], soft_wrap=True)
