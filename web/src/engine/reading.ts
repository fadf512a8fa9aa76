// What is said of a face: the JSON of `mien predict` and of the service, plus an identity over time.

import type { Box, Face, Point } from './face'

export interface Reading {
  box_xyxy: Box
  landmarks_xy: Point[]
  detection_confidence: number
  expression: string
  probability: number
  uncertain: boolean
  scores: Record<string, number>
  /** Identity over time; -1 in pictures. */
  track_id: number
}

/** A picture or frame, read. */
export interface Result {
  width: number
  height: number
  /** On the source's clock; 0 for pictures. */
  time_s: number
  faces: Reading[]
  /** Milliseconds spent, in the worker; on a server, the whole way there and back. */
  detect_ms: number
  classify_ms: number
  num_dropped: number
}

export function readingOf(face: Face, labels: string[], scores: number[], shown: number, abstainBelow: number, trackId: number): Reading {
  return {
    box_xyxy: face.box_xyxy,
    landmarks_xy: face.landmarks_xy,
    detection_confidence: face.confidence,
    expression: labels[shown],
    probability: scores[shown],
    uncertain: scores[shown] < abstainBelow,
    scores: Object.fromEntries(labels.map((label, index) => [label, scores[index]])),
    track_id: trackId,
  }
}
