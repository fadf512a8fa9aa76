"""``mien crop``: cut the faces of a data set whose pictures show more."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import console
from mien.apps.cli.predict import is_folder
from mien.errors import ConfigError

if TYPE_CHECKING:
    from mien.data.manifest import Manifest


def crop(
    dataset: Annotated[str, typer.Argument(help="Data set; `mien datasets` lists them.", show_default=False)],
    output: Annotated[Path, typer.Option("--out", metavar="DIR", help="Receives the faces and faces.csv.", show_default=False)],
    data: console.Data = Path("data"),
    detector: console.EvaluationDetector = "yunet",
    side: Annotated[int, typer.Option(min=16, max=1024, help="Side of the square face pictures, in pixels.")] = 112,
    json: console.Json = False,
) -> None:
    """Cut the faces of JAFFE, KDEF, CK+ or your own pictures as the pipeline does, for training with --set dataset=csv.

    Interrupted, the same command goes on.
    """
    from mien.data.catalog import load_dataset
    from mien.detection.catalog import create_detector
    from mien.evaluation.cut import cut_faces

    detect, manifest = create_detector(detector), load_dataset(dataset, data)
    _check_place(output, data, manifest)
    with console.progress(f"faces of {dataset}") as show:
        result = cut_faces(manifest, detect, output, side, show)
    if json:
        console.print_json(result)
        return
    console.out.print(f"{result['cut']} of {result['n']} faces cut, {result['no_face']} pictures without a face", soft_wrap=True)
    console.out.print(result["table"], soft_wrap=True)


def _check_place(out_dir: Path, data: Path, manifest: "Manifest") -> None:
    """Make sure that crops neither become samples of a folder that is read whole, nor replace the pictures they are cut from."""
    from mien.evaluation.cut import TABLE

    place = Path(os.path.realpath(out_dir))
    files = (sample.image for sample in manifest.samples if isinstance(sample.image, Path))
    is_read_whole = is_folder(data) and place.is_relative_to(os.path.realpath(data))
    is_table = place / TABLE == Path(os.path.realpath(data))
    if is_read_whole or is_table or any(Path(os.path.realpath(file)).is_relative_to(place) for file in files):
        raise ConfigError(f"{out_dir}: lies in the data, where crops would become or replace samples. Choose another folder with --out.")
