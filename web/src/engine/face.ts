// A face, the square that is cut for it, and arithmetic of boxes. Pixels of the picture, x to the right, y down.

import type { AlignmentSpec, FramingFacts } from './facts'

export type Point = [number, number]
/** Left, top, right, bottom. */
export type Box = [number, number, number, number]

export interface Face {
  box_xyxy: Box
  /** The person's right eye, left eye, nose tip, mouth centre. */
  landmarks_xy: Point[]
  confidence: number
}

/** A turned square; a positive angle turns clockwise on screen. */
export interface Square {
  center_xy: Point
  side: number
  angle_rad: number
}

/** Returns the square to cut, turned so that the eyes are level; step 1 of docs/mobile.md. */
export function faceSquare(face: Face, spec: AlignmentSpec, framing: FramingFacts): Square {
  const [right, left, , mouth] = face.landmarks_xy
  const [x1, y1, x2, y2] = face.box_xyxy
  const boxSide = Math.max(x2 - x1, y2 - y1)
  const across: Point = [left[0] - right[0], left[1] - right[1]]
  const eyeDistance = Math.hypot(...across)
  if (eyeDistance < Math.max(framing.min_eye_distance_px, framing.min_eye_distance_of_box * boxSide)) {
    return { center_xy: [(x1 + x2) / 2, (y1 + y2) / 2], side: Math.max(boxSide, 1), angle_rad: 0 }
  }
  const middle: Point = [(right[0] + left[0]) / 2, (right[1] + left[1]) / 2]
  const down: Point = [-across[1] / eyeDistance, across[0] / eyeDistance]
  const toMouth = (mouth[0] - middle[0]) * down[0] + (mouth[1] - middle[1]) * down[1]
  const unit = Math.max(eyeDistance, spec.eye_to_mouth_share * toMouth)
  return {
    center_xy: [middle[0] + down[0] * spec.center_below_eyes * unit, middle[1] + down[1] * spec.center_below_eyes * unit],
    side: spec.eye_distances * unit,
    angle_rad: Math.atan2(across[1], across[0]),
  }
}

function area([x1, y1, x2, y2]: Box): number {
  return Math.max(x2 - x1, 0) * Math.max(y2 - y1, 0)
}

function shared(one: Box, other: Box): number {
  return area([Math.max(one[0], other[0]), Math.max(one[1], other[1]), Math.min(one[2], other[2]), Math.min(one[3], other[3])])
}

/** Intersection over union. */
export function overlap(one: Box, other: Box): number {
  const common = shared(one, other)
  return common / Math.max(area(one) + area(other) - common, 1e-9)
}

/** Intersection over the smaller area. */
export function coverage(one: Box, other: Box): number {
  return shared(one, other) / Math.max(Math.min(area(one), area(other)), 1e-9)
}
