"""Real-time facial expression recognition.

    import mien
    recognizer = mien.Recognizer()
    for face in recognizer("photo.jpg"):
        print(face.expression, face.probability, face.box_xyxy)

Importing mien loads NumPy and nothing heavier; the rest comes when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mien.errors import ConfigError, MienError, MissingExtraError, ModelFileError, OutputError, SourceError, UnknownNameError
from mien.types import Event, Face, Frame, FrameResult, PartReading, Reading

if TYPE_CHECKING:
    from mien.live import LiveSpec, Session, stream
    from mien.overlay import draw
    from mien.parts import PartReader
    from mien.pipeline import Recognizer
    from mien.smoothing import SmoothingSpec
    from mien.tracking import TrackingSpec
    from mien.video.reconnect import ReconnectSpec
    from mien.video.sources import SourceInfo
    from mien.video.stream import StreamStatistics
    from mien.watching import Watcher

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "Event",
    "Face",
    "Frame",
    "FrameResult",
    "LiveSpec",
    "MienError",
    "MissingExtraError",
    "ModelFileError",
    "OutputError",
    "PartReader",
    "PartReading",
    "Reading",
    "Recognizer",
    "ReconnectSpec",
    "Session",
    "SmoothingSpec",
    "SourceError",
    "SourceInfo",
    "StreamStatistics",
    "TrackingSpec",
    "UnknownNameError",
    "Watcher",
    "__version__",
    "draw",
    "stream",
]

_LAZY = {
    "LiveSpec": "mien.live",
    "PartReader": "mien.parts",
    "Recognizer": "mien.pipeline",
    "ReconnectSpec": "mien.video.reconnect",
    "Session": "mien.live",
    "SmoothingSpec": "mien.smoothing",
    "SourceInfo": "mien.video.sources",
    "StreamStatistics": "mien.video.stream",
    "TrackingSpec": "mien.tracking",
    "Watcher": "mien.watching",
    "draw": "mien.overlay",
    "stream": "mien.live",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'mien' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})  # what is loaded late can be completed, too
