"""A virtual screen for programs with windows, and small pictures of it."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from mien.overlay import COLORS_RGB

SCREEN = "2300x1600x24"
MAX_BYTES = 300_000
QUIET = {"OPENCV_LOG_LEVEL": "SILENT", "OPENCV_FFMPEG_LOGLEVEL": "-8"}
SURFACES = ("#f4f5f7", "#ffffff", "#1c2128", "#5a6472", "#c3c9d1", "#0b5cad", "#6b7280", "#fff4ce", "#fde7e9", "#eceff3", "#8a1020")
COLORS = [*COLORS_RGB.values(), *(ImageColor.getrgb(color)[:3] for color in SURFACES)]


@contextlib.contextmanager
def virtual_screen() -> Iterator[dict[str, str]]:
    """A screen of its own with a window manager, for a process that is started with the yielded environment."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as answer:
        environment = {**os.environ, **QUIET, "DISPLAY": f":{answer.readline().strip()}"}
    manager = subprocess.Popen(["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield environment
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait()


def compress(path: Path, target: Path) -> None:
    """Write a picture of the window with so few colours that it is small."""
    shot = Image.open(path).convert("RGB")
    pixels = np.asarray(shot)
    for num_colors in (192, 96, 48, 24):  # of photographs; those of the window stay as they are
        palette = [value for color in COLORS for value in color] + (shot.quantize(num_colors).getpalette() or [])
        chart = Image.new("P", (1, 1))
        chart.putpalette(palette[:768])
        indices = np.array(shot.quantize(palette=chart, dither=Image.Dither.NONE))
        for index, color in enumerate(COLORS):
            indices[(pixels == color).all(axis=2)] = index
        small = Image.fromarray(indices, "P")
        small.putpalette(palette[:768])
        small.save(target, optimize=True)
        if target.stat().st_size <= MAX_BYTES:
            return
    raise ValueError(f"{target}: {target.stat().st_size} bytes")
