"""Figures of matplotlib as PNG. It is imported when one is drawn, and no window system is needed."""

import io
from typing import TYPE_CHECKING

from mien.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width_in: float, height_in: float) -> "Figure":
    """Return an empty figure of a size in inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("Drawing", "report") from error
    return Figure(figsize=(width_in, height_in), layout="constrained")


def png_of(figure: "Figure", dots_per_in: int = 120) -> bytes:
    """Return a figure as the bytes of a PNG."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=dots_per_in)
    return content.getvalue()
