"""Whole photographs where faces that are cut out are expected: read as they are, they give figures that mean nothing."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from mien.data.manifest import Manifest
from mien.data.sampling import spread

NUM_LOOKED_AT = 16
LARGEST_FACE_PX = 300
MOST_OBLONG = 1.25
"""Width over height, or height over width, of a picture that may still be a cut face."""


def describe_photographs(manifest: Manifest) -> str:
    """Return a line where most of some pictures are too large or too oblong for cut faces; else nothing."""
    sizes = []
    for index in spread(len(manifest), NUM_LOOKED_AT):
        sample = manifest.samples[index]
        if isinstance(sample.image, Path) and sample.crop_xyxy is None:
            try:
                with Image.open(sample.image) as picture:
                    sizes.append(picture.size)
            except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
                continue  # whoever reads it tells
    if not sizes:
        return ""
    width, height = np.median(sizes, axis=0)
    if max(width, height) <= LARGEST_FACE_PX and max(width / height, height / width) <= MOST_OBLONG:
        return ""
    return (
        f"{manifest.dataset}: its pictures (of {width:.0f}x{height:.0f} pixels) are taken as faces that are cut out. If they show more: "
        f"`mien crop {manifest.dataset} --data DIR --out FACES` cuts them for training, --crops detect for evaluating."
    )
