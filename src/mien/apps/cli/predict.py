"""``mien predict``: the expressions in pictures."""

import glob
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import console
from mien.card import DEFAULT_BUNDLE
from mien.errors import ConfigError, MienError, OutputError, SourceError

if TYPE_CHECKING:
    from mien.labels import LabelSet
    from mien.parts import PartReader
    from mien.pipeline import Recognizer
    from mien.sinks.base import Sink
    from mien.types import FrameResult


def predict(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Pictures, folders and glob patterns.", show_default=False)],
    json: console.Json = False,
    csv: console.Csv = None,
    jsonl: console.JsonLines = None,
    parquet: console.Parquet = None,
    annotate: Annotated[Path | None, typer.Option(metavar="DIR", help="Write pictures with boxes and labels.")] = None,
    parts: Annotated[bool, typer.Option("--parts", help="Read each eye, the nose and the mouth too.")] = False,
    model: console.Model = DEFAULT_BUNDLE,
    file: console.File = "float32",
    detector: console.DetectorName = "auto",
    detector_model: console.DetectorModel = None,
    threads: console.Threads = 1,
    mirrored: Annotated[
        bool, typer.Option("--mirrored", help="Read every face and its mirror image: steadier, at twice the network's work.")
    ] = False,
) -> None:
    """Name the expression of every face in pictures.

    A picture that cannot be read is reported, the others are still done, and the exit status is then 2. So it is when an
    output fails, which stops no other.
    """
    from mien.parts import PartReader
    from mien.pipeline import Recognizer
    from mien.sinks.base import open_all
    from mien.sinks.pictures import PicturesSink

    paths, errors = expand(sources)
    check_outputs(paths, [csv, jsonl, parquet], annotate)
    if parts and (csv or parquet):
        console.say("Parts have no columns: CSV and Parquet hold whole faces. --json, --jsonl and --annotate have the parts, too.")
    recognizer = Recognizer(model, file, detector, detector_model, threads, mirrored=mirrored)
    reader = PartReader(recognizer, threads) if parts else None
    openers = table_openers("", recognizer.labels, csv, jsonl, parquet)
    if annotate:
        openers.append(partial(PicturesSink, annotate))
    sinks = open_all(openers)
    results, failures = _read_all(recognizer, reader, paths, sinks, errors, json)
    if json:
        from mien import __version__

        head = {"mien": __version__, "model": recognizer.bundle.card.name, "file": recognizer.file, "detector": recognizer.detector}
        head |= {"views": "mirrored"} if mirrored else {}
        console.print_json({**head, "results": results, "errors": errors})
    told = [*(problem["error"] for problem in errors), *failures]
    for line in told:
        console.say(f"mien: {line}")
    if told:
        raise typer.Exit(2)


def _read_all(
    recognizer: "Recognizer",
    reader: "PartReader | None",
    paths: list[str],
    sinks: "list[Sink]",
    errors: list[dict[str, str]],
    keep: bool,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Read pictures into the sinks; print each as it is read, or keep its values.

    Args:
        errors: Takes those of pictures that cannot be read.

    Returns:
        The values that were kept, and what to tell of outputs that failed.
    """
    from mien.serialize import picture_values

    results: list[dict[str, Any]] = []
    failures: list[str] = []
    try:
        with ExitStack() as stack:
            show = stack.enter_context(console.progress("pictures")) if keep else _show_nothing  # lines tell how far it is
            for sink in sinks:
                stack.enter_context(sink)
            for index, path in enumerate(paths):
                try:
                    result = _read_one(recognizer, index, path, reader)
                except MienError as error:
                    errors.append({"source": path, "error": str(error)})
                else:
                    failures += _write(result, sinks)
                    _tell(picture_values(path, result), results if keep else None)
                show(index + 1, len(paths))
    except OutputError as error:  # of closing one
        failures.append(str(error))
    return results, failures


def _show_nothing(done: int, total: int) -> None:
    """Show no bar."""


def _tell(values: dict[str, Any], results: list[dict[str, Any]] | None) -> None:
    """Keep a picture's values for one JSON object, or print them at once."""
    if results is None:
        print_faces(values["source"], values["faces"])
    else:
        results.append(values)


def _read_one(recognizer: "Recognizer", index: int, path: str, reader: "PartReader | None") -> "FrameResult":
    from mien.pictures import read_picture
    from mien.types import FrameResult

    image = read_picture(path)
    faces = tuple(recognizer.pipeline(image))
    parts = tuple(reader(image, face) for face in faces) if reader else ()
    return FrameResult(index, 0.0, image, faces, path, parts=parts)


def _write(result: "FrameResult", sinks: "list[Sink]") -> list[str]:
    """Hand a result to every sink, take away those that failed for good, and return what to tell of them."""
    failures = []
    for sink in tuple(sinks):
        try:
            sink.write(result)
        except OutputError as error:
            failures.append(str(error))
            if not sink.one_file_per_result:
                sinks.remove(sink)
    return failures


def expand(sources: list[str]) -> tuple[list[str], list[dict[str, str]]]:
    """Return the pictures that files, folders and patterns name, in order and once each, and what named nothing."""
    from mien.video.sources import list_pictures

    paths: list[str] = []
    errors = []
    for source in sources:
        path = Path(source)
        problem = ""
        if not source.strip():
            found, problem = [], "No picture is named: the text is empty. Expected pictures, folders or patterns."
        elif is_folder(path):
            try:
                found, problem = [str(picture) for picture in list_pictures(path)], f"{source}: the folder holds no pictures."
                if any(inner.is_dir() for inner in path.iterdir()):
                    deeper = f"{source}: folders inside it are left alone; '{path / '**' / '*.jpg'}' names the pictures in all of them."
                    problem = f"{problem} {deeper}"
                    if found:
                        console.say(deeper)
            except SourceError as error:
                found, problem = [], str(error)
        elif glob.has_magic(source) and not os.path.exists(source):  # noqa: PTH110 - Path.exists raises on names that are too long
            matches = sorted(glob.glob(source, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute patterns
            found = [match for match in matches if not is_folder(Path(match))]
            problem = f"{source}: the pattern matches no file."
        else:
            found = [source]
        if not found:
            errors.append({"source": source, "error": problem})
        paths.extend(found)
    return list(dict.fromkeys(paths)), errors


def is_folder(path: Path) -> bool:
    """Say whether a path is a folder; one that cannot be looked at is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def check_outputs(sources: list[str], files: list[Path | None], folder: Path | None = None, summary: Path | None = None) -> None:
    """Make sure that no result replaces a source or another result, or is to be written where a folder is.

    Args:
        folder: Of annotated pictures.
        summary: Folder of a summary.

    Raises:
        ConfigError: one would.
    """
    taken = [Path(os.path.realpath(source)) for source in sources]  # Path.resolve raises on links that lead in a circle
    for path in files:
        if path is None:
            continue
        if is_folder(path):
            raise ConfigError(f"{path}: is a folder. Expected the name of a file to write.")
        place = Path(os.path.realpath(path))
        if place in taken:
            raise ConfigError(f"{path}: is a source or another output already. Choose another name.")
        taken.append(place)
    if summary is not None and Path(os.path.realpath(summary)) in taken[len(sources) :]:
        raise ConfigError(f"{summary}: is another output already, and the summary is a folder. Choose another name.")
    if folder is not None and any(source.parent == Path(os.path.realpath(folder)) for source in taken[: len(sources)]):
        raise ConfigError(f"{folder}: holds sources, which annotated pictures could replace. Choose another folder with --annotate.")


def table_openers(
    source: str, labels: "LabelSet", csv: Path | None, jsonl: Path | None, parquet: Path | None
) -> "list[Callable[[], Sink]]":
    """Return what opens each table that the options ask for."""
    from mien.sinks.parquet import ParquetSink
    from mien.sinks.text import CsvSink, JsonLinesSink

    wanted = ((parquet, ParquetSink), (csv, CsvSink), (jsonl, JsonLinesSink))  # first the one whose extra may be missing
    return [partial(kind, path, source, labels) for path, kind in wanted if path]


def print_faces(source: str, faces: list[dict[str, Any]]) -> None:
    """Print one line per face's JSON values, for people."""
    if not faces:
        console.out.print(f"{source}: no face found", soft_wrap=True)
    for face in faces:
        mark = " (uncertain)" if face["uncertain"] else ""
        box = " ".join(f"{value:.0f}" for value in face["box_xyxy"])
        console.out.print(f"{source}: {face['expression']} {face['probability']:.2f}{mark}, box {box}", soft_wrap=True)
        for part in face.get("parts", ()):
            alone = f"alone {part['expression']} {part['probability']:.2f} (such parts are read rightly in {part['accuracy']:.0%})"
            console.out.print(f"  {part['name']}: evidence {part['evidence']:+.2f}, {alone}", soft_wrap=True)
