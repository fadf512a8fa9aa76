#!/usr/bin/env python3
"""Make the pictures and the clip that ship with mien, from the public-domain portraits in two wheels.

    python scripts/make_media.py        # writes src/mien/media/

Needs scikit-image (astronaut: Eileen Collins, NASA) and matplotlib (Grace Hopper, US Navy).
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import skimage.data
from PIL import Image

MEDIA = Path(__file__).parent.parent / "src" / "mien" / "media"
FRAMES_PER_SECOND = 20
SECONDS_PER_SCENE = 2.0
WIDTH, HEIGHT = 640, 480


def portraits() -> dict[str, np.ndarray]:
    """Return the two portraits as RGB arrays."""
    hopper = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("RGB")
    return {"astronaut": skimage.data.astronaut(), "grace_hopper": np.asarray(hopper)}


def view(picture: np.ndarray, center_xy: tuple[float, float], zoom: float, turn_deg: float, size_wh: tuple[int, int]) -> np.ndarray:
    """Return what a camera sees that looks at ``center_xy`` of a picture."""
    matrix = cv2.getRotationMatrix2D(center_xy, turn_deg, zoom)
    matrix[:, 2] += np.array(size_wh) / 2 - np.array(center_xy)
    return cv2.warpAffine(
        picture, matrix, size_wh, flags=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def scenes(astronaut: np.ndarray, hopper: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the frames: a zoom, a pan with a slight turn, then both portraits side by side moving."""
    for t in np.linspace(0, 1, round(FRAMES_PER_SECOND * SECONDS_PER_SCENE)):
        yield view(astronaut, (256 - 25 * t, 200 - 55 * t), 1.28 + 0.9 * t, 0, (WIDTH, HEIGHT))
    for t in np.linspace(0, 1, round(FRAMES_PER_SECOND * SECONDS_PER_SCENE)):
        yield view(hopper, (240 + 30 * t, 235), 1.45, 5 * np.sin(2 * np.pi * t), (WIDTH, HEIGHT))
    for t in np.linspace(0, 1, round(FRAMES_PER_SECOND * SECONDS_PER_SCENE)):
        left = view(astronaut, (225 + 20 * np.sin(2 * np.pi * t), 187), 1.3, 0, (WIDTH // 2, HEIGHT))
        right = view(hopper, (265, 275 + 20 * np.sin(2 * np.pi * t)), 0.97 + 0.2 * t, 0, (WIDTH // 2, HEIGHT))
        yield np.hstack([left, right])


def main() -> None:
    MEDIA.mkdir(parents=True, exist_ok=True)
    pictures = portraits()
    for name, picture in pictures.items():
        Image.fromarray(picture).save(MEDIA / f"{name}.jpg", quality=92, optimize=True)
    writer = cv2.VideoWriter(str(MEDIA / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), FRAMES_PER_SECOND, (WIDTH, HEIGHT))
    for frame in scenes(pictures["astronaut"], pictures["grace_hopper"]):
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    for path in sorted(MEDIA.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
