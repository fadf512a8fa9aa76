"""Arithmetic of boxes and points, in pixels."""

import numpy as np

from mien.types import Float


def overlap(box_xyxy: Float, boxes_xyxy: Float) -> Float:
    """Return (N,) intersection over union of one box (4,) with N boxes (N, 4)."""
    low = np.maximum(box_xyxy[:2], boxes_xyxy[:, :2])
    high = np.minimum(box_xyxy[2:], boxes_xyxy[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    ratio: Float = shared / np.maximum(area(box_xyxy[np.newaxis]) + area(boxes_xyxy) - shared, 1e-9)
    return ratio


def coverage(box_xyxy: Float, boxes_xyxy: Float) -> Float:
    """Return (N,) intersection over the smaller area: 1 where one box lies inside the other."""
    low = np.maximum(box_xyxy[:2], boxes_xyxy[:, :2])
    high = np.minimum(box_xyxy[2:], boxes_xyxy[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    ratio: Float = shared / np.maximum(np.minimum(area(box_xyxy[np.newaxis]), area(boxes_xyxy)), 1e-9)
    return ratio


def area(boxes_xyxy: Float) -> Float:
    """Return (N,) areas of (N, 4) boxes; 0 for a box that is inside out."""
    sides: Float = np.clip(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0, None)
    product: Float = sides[:, 0] * sides[:, 1]
    return product


def turn_points(points_xy: Float, angle_rad: float, center_xy: Float, new_center_xy: Float) -> Float:
    """Turn (N, 2) points around ``center_xy`` (positive: clockwise on screen), then move the centre."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    turn = np.array([[cos, -sin], [sin, cos]])
    turned: Float = (points_xy - center_xy) @ turn.T + new_center_xy
    return turned
