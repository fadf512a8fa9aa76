"""``mien explain``: what a network looks at."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.card import DEFAULT_BUNDLE
from mien.errors import ConfigError, ModelFileError, OutputError, SourceError, UnknownNameError

if TYPE_CHECKING:
    from mien.explain.explain import FaceToExplain
    from mien.explain.networks import Explained


def explain(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[PICTURE]...", help="Pictures, folders and patterns.", show_default=False)
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="Shipped bundle, bundle folder or run folder.")] = DEFAULT_BUNDLE,
    file: console.File = "float32",
    methods: Annotated[str, typer.Option(help="Of occlusion, saliency, grad_cam, separated by commas.")] = "occlusion,saliency,grad_cam",
    layers: Annotated[bool, typer.Option("--layers/--no-layers", help="Also draw the first layer's kernels and feature maps.")] = True,
    crops: Annotated[bool, typer.Option("--crops", help="The pictures are faces already cut out; find none.")] = False,
    output: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where pictures and explain.html go.")] = Path("mien-explain"),
    detector: console.DetectorName = "auto",
    check: Annotated[bool, typer.Option("--check", help="Measure on PublicTest whether the maps mean something.")] = False,
    data: console.Data = Path("data"),
    max_faces: Annotated[int, typer.Option(min=7, help="Faces of --check.")] = 210,
    record: console.Record = None,
    json: console.Json = False,
) -> None:
    """Draw what a network looks at in each face. `--methods occlusion --no-layers` runs on any bundle; the rest needs the extra `train`.

    A picture that cannot be read is reported, the others are still done, and the exit status is then 2.
    """
    from mien.explain.networks import METHODS, open_explained

    chosen = console.listed(methods)
    for name in chosen:
        if name not in METHODS:
            raise UnknownNameError("Method", name, METHODS)
    explained = open_explained(model, file)
    if check:
        _check(explained, chosen, data, max_faces, record, json)
        return
    if not sources:
        raise ConfigError("Name pictures to explain, or --check with --data.")
    from mien.explain.explain import check_out_dir, explain_faces

    check_out_dir(output)
    faces, is_incomplete = _faces(sources, explained, crops, detector)
    results = explain_faces(explained, faces, chosen, layers, output)
    if json:
        console.print_json({"model": explained.name, "out": str(output), "faces": results})
    else:
        rows = [[result["name"], result["expression"], f"{result['raw_score']:.0%}"] for result in results]
        console.print_table(["face", "expression", "score before calibration"], rows)
        console.out.print(str(output / "explain.html"), soft_wrap=True)
    if is_incomplete:
        raise typer.Exit(2)


def _faces(sources: list[str], explained: "Explained", crops: bool, detector: str) -> "tuple[list[FaceToExplain], bool]":
    """Return all faces of the pictures, and whether some cannot be read; one line tells of those, and of those without a face."""
    from mien.alignment import cut_face
    from mien.apps.cli.predict import expand
    from mien.detection.catalog import create_detector
    from mien.explain.explain import FaceToExplain
    from mien.pictures import read_picture
    from mien.preprocess import fit, to_color

    texts, problems = expand(sources)
    for problem in problems:
        console.say(f"mien: {problem['error']}")
    spec = explained.preprocess
    detect = None if crops else create_detector(detector)
    faces = []
    taken: set[str] = set()

    def free(name: str) -> str:
        """Two folders may hold pictures of one name."""
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique)
        return unique

    for path in map(Path, texts):
        try:
            image = read_picture(path)
        except SourceError as error:
            problems.append({"source": str(path), "error": str(error)})
            console.say(f"mien: {error}")
            continue
        if detect is None:
            faces.append(FaceToExplain(free(path.stem), fit(to_color(image, spec.color), spec.face_side)))
            continue
        found = detect(image)
        if not found:
            console.say(f"{path}: no face found.")
        names = [path.stem] if len(found) == 1 else [f"{path.stem}-{number + 1}" for number in range(len(found))]
        faces += [
            FaceToExplain(free(name), cut_face(image, face, explained.alignment, spec)) for name, face in zip(names, found, strict=True)
        ]
    if not faces and problems:
        raise ConfigError("No picture to explain can be read.")
    if not faces:
        raise ConfigError("No face to explain. Try another --detector, or --crops where the pictures are faces already.")
    return faces, bool(problems)


def _check(explained: "Explained", methods: list[str], data: Path, max_faces: int, record: Path | None, json: bool) -> None:
    from mien.data.catalog import load_dataset
    from mien.detection.mesh import FaceMesh
    from mien.explain.check import check_maps
    from mien.records import append_record

    manifest = load_dataset("fer2013", data).split("publictest")
    try:
        mesh = FaceMesh()
    except (ModelFileError, OutputError) as error:
        console.say(f"Without the share on the face: {error}")
        mesh = None
    with console.progress("explain --check") as show:
        result = check_maps(explained, manifest, methods, max_faces, mesh, show)
    if record:
        append_record(record, "explain check", result | {"files_sha256": explained.files_sha256})
    if json:
        console.print_json(result)
        return
    _print_check(result)


def _print_check(result: dict[str, Any]) -> None:
    rows = []
    for name, values in result["methods"].items():
        on_face = values.get("share_on_face", {})
        rows.append(
            [
                name,
                f"{values['deletion']:.3f} ± {values['deletion_se']:.3f}",
                f"{values['insertion']:.3f} ± {values['insertion_se']:.3f}",
                f"{100 * on_face['all']:.0f}" if on_face else "-",
            ]
        )
    console.print_table(["map", "deletion (low is good)", "insertion (high is good)", "% on the face"], rows)
    if result["area"]:
        console.say(f"The face takes {100 * result['area']['all']:.0f} % of the picture ({result['faces_with_mesh']} faces with a mesh).")
