"""Annotated pictures."""

from pathlib import Path
from types import TracebackType

from PIL import Image

from mien.atomic import atomic_path, cannot_write
from mien.overlay import draw
from mien.sinks.base import Sink
from mien.types import FrameResult


class PicturesSink(Sink):
    """One annotated PNG per result in a folder, named after its source or its number."""

    one_file_per_result = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error

    def write(self, result: FrameResult) -> None:
        """Write one picture; see ``Sink``."""
        stem = Path(result.name).stem if result.name else f"frame_{result.index:06d}"
        name = stem
        while name in self._taken:  # two folders may hold pictures of the same name
            name = f"{stem}-{result.index}"
            stem = name
        self._taken.add(name)
        with atomic_path(self._folder / f"{name}.png") as temporary:
            Image.fromarray(draw(result.image, result.faces, result.parts)).save(temporary, format="PNG")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None
