"""How much of a map lies on the face: paper 003 worries that its network looks at the background."""

import cv2
import numpy as np

from mien.detection.mesh import OUTLINES, FaceMesh
from mien.types import Face, Float, UInt8

MESH_SIDE_PX = 192
# Where a crop has its points, in fractions of its side: the eyes are one 2.7th apart, and 0.3 of that above the centre.
_POINTS = np.array([[0.315, 0.389], [0.685, 0.389], [0.5, 0.58], [0.5, 0.76]])


def face_mask(mesh: FaceMesh, crop: UInt8) -> Float | None:
    """Return (s, s) 1 on the face and 0 beside it, of a crop as classifiers see it; None where the mesh sees no face.

    Args:
        crop: (s, s) grey or (s, s, 3) RGB.
    """
    side = crop.shape[0]
    rgb = crop if crop.ndim == 3 else np.repeat(crop[..., np.newaxis], 3, axis=2)
    large = cv2.resize(rgb, (MESH_SIDE_PX, MESH_SIDE_PX), interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
    box = np.array([0.1, 0.1, 0.9, 0.95]) * MESH_SIDE_PX
    points = mesh(large, Face(box, _POINTS * MESH_SIDE_PX, 1.0))
    if points is None:
        return None
    outline = points[list(OUTLINES["face"])] * side / MESH_SIDE_PX
    mask = np.zeros((side, side), np.uint8)
    # fillPoly takes whole pixels; four more bits place the outline to a sixteenth of one.
    cv2.fillPoly(mask, [np.round((outline - 0.5) * 16).astype(np.int32)], (1,), shift=4)
    return mask.astype(np.float64)


def share_on(mask: Float, heat: Float) -> float:
    """Return the share of a map's positive weight that lies on the mask; NaN for a map of zeros."""
    positive = np.maximum(heat, 0)
    total = float(positive.sum())
    return float((positive * mask).sum()) / total if total else float("nan")
