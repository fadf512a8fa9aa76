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
    from mien.live import Session, stream
    from mien.pipeline import Recognizer

__version__ = version("mien")

__all__ = ["Event", "Face", "FrameResult", "MienError", "Reading", "Recognizer", "Session", "__version__", "stream"]

_LAZY = {"Recognizer": "mien.pipeline", "Session": "mien.live", "stream": "mien.live"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'mien' has no attribute {name!r}")
