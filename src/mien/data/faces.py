"""The pictures of a manifest as a network will see them, in memory where they fit and from disk where they don't."""

import numpy as np

from mien.data.crops import CropSpec
from mien.data.manifest import Manifest
from mien.preprocess import GRAY, PreprocessSpec, fit, luma
from mien.types import UInt8

MEMORY_BYTES = 3_000_000_000
"""Pictures are kept up to this much; the rest is read again in every epoch."""


class Faces:
    """Square faces by index, (s, s) grey or (s, s, 3) RGB.

    A face larger than the network's canvas is reduced to it. A smaller one keeps its size, and grey stays grey, so that
    it is augmented cheaply and enlarged last.
    """

    def __init__(self, manifest: Manifest, preprocess: PreprocessSpec, crops: CropSpec) -> None:
        self.manifest = manifest
        self.label_indices = manifest.label_indices
        self.preprocess = preprocess
        self.canvas_side = crops.canvas_side or preprocess.side
        self._kept: dict[int, UInt8] = {}
        self._free_bytes = MEMORY_BYTES

    def __len__(self) -> int:
        return len(self.manifest)

    def __getitem__(self, index: int) -> UInt8:
        """Return one face.

        Raises:
            DataError: its file is gone or damaged.
        """
        face = self._kept.get(index)
        if face is None:
            face = self._load(index)
            if self._free_bytes > face.nbytes:
                self._free_bytes -= face.nbytes
                self._kept[index] = face
        return face

    def _load(self, index: int) -> UInt8:
        picture = self.manifest.samples[index].pixels()
        if self.preprocess.color in GRAY and picture.ndim == 3:
            picture = luma(picture)
        height, width = picture.shape[:2]
        if height == width and height <= self.canvas_side:
            return picture
        return fit(picture, self.canvas_side)

    def canvas(self, index: int) -> UInt8:
        """Return one face at the side of the canvas."""
        return fit(self[index], self.canvas_side)


def to_input_pixels(face: UInt8, preprocess: PreprocessSpec) -> UInt8:
    """Return a square face in the network's size and colour: (H, W) or (H, W, 3)."""
    sized = fit(face, preprocess.side)
    return np.repeat(sized[..., np.newaxis], 3, axis=2) if preprocess.channels == 3 and sized.ndim == 2 else sized
