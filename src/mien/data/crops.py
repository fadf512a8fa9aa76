"""Crops smaller than the face: one at random or ten fixed ones for training, the middle one or all ten for testing."""

from dataclasses import dataclass

import numpy as np

from mien.types import UInt8


@dataclass(frozen=True)
class CropSpec:
    """The ten-crop scheme of Krizhevsky et al. (2012), which paper 003 trains and tests with."""

    canvas_side: int = 0
    """Faces are brought to this side and crops of the network's size are cut from them; 0 gives the network whole faces."""
    training: str = "random"
    """``random`` (one crop anywhere) or ``ten`` (four corners and the middle, each also mirrored)."""
    testing: str = "center"
    """``center`` (one crop) or ``ten`` (the logits of all ten are averaged)."""

    def __post_init__(self) -> None:
        if self.training not in ("random", "ten"):
            raise ValueError(f"training must be 'random' or 'ten', got {self.training!r}")
        if self.testing not in ("center", "ten"):
            raise ValueError(f"testing must be 'center' or 'ten', got {self.testing!r}")
        if self.canvas_side < 0:
            raise ValueError(f"canvas_side must be 0 or above, got {self.canvas_side}")

    @property
    def per_training_face(self) -> int:
        """Crops that one face gives in training."""
        return 10 if self.canvas_side and self.training == "ten" else 1

    @property
    def per_test_face(self) -> int:
        """Crops whose logits are averaged in testing."""
        return 10 if self.canvas_side and self.testing == "ten" else 1


def training_crops(face: UInt8, spec: CropSpec, side: int, rng: np.random.Generator) -> list[UInt8]:
    """Return the crops of one training face, each (side, side) or (side, side, 3)."""
    if spec.training == "ten":
        return ten_crops(face, side)
    top, left = rng.integers(0, face.shape[0] - side + 1, 2)
    return [face[top : top + side, left : left + side]]


def evaluation_crops(face: UInt8, spec: CropSpec, side: int) -> list[UInt8]:
    """Return the crops of one test face, each (side, side) or (side, side, 3)."""
    return ten_crops(face, side) if spec.testing == "ten" else [center_crop(face, side)]


def ten_crops(face: UInt8, side: int) -> list[UInt8]:
    """Return four corners and the middle, then the same mirrored."""
    far = face.shape[0] - side
    corners = [face[top : top + side, left : left + side] for top in (0, far) for left in (0, far)]
    five = [*corners, center_crop(face, side)]
    return five + [crop[:, ::-1] for crop in five]


def center_crop(face: UInt8, side: int) -> UInt8:
    """Return the middle."""
    start = (face.shape[0] - side) // 2
    return face[start : start + side, start : start + side]
