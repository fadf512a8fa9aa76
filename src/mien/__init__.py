"""Real-time facial expression recognition.

    import mien
    recognizer = mien.Recognizer()
    for face in recognizer("photo.jpg"):
        print(face.expression, face.probability, face.box_xyxy)

Importing mien loads NumPy and nothing heavier; the rest comes when it is first used.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from mien.errors import MienError
from mien.types import Event, Face, FrameResult, Reading

if TYPE_CHECKING:
    from mien.live import LiveSpec, Session, stream
    from mien.pipeline import Recognizer
    from mien.smoothing import SmoothingSpec
    from mien.tracking import TrackingSpec
    from mien.video.reconnect import ReconnectSpec

__version__ = version("mien")

__all__ = [
    "Event",
    "Face",
    "FrameResult",
    "LiveSpec",
    "MienError",
    "Reading",
    "Recognizer",
    "ReconnectSpec",
    "Session",
    "SmoothingSpec",
    "TrackingSpec",
    "__version__",
    "stream",
]

_LAZY = {
    "LiveSpec": "mien.live",
    "Recognizer": "mien.pipeline",
    "ReconnectSpec": "mien.video.reconnect",
    "Session": "mien.live",
    "SmoothingSpec": "mien.smoothing",
    "TrackingSpec": "mien.tracking",
    "stream": "mien.live",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'mien' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})  # what is loaded late can be completed, too
