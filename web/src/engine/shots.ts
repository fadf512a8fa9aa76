// Where a film cuts to another shot, faces have nothing to do with those before; as mien.tracking tells.

import type { Picture } from './pixels'

const LEAST_CUT_LEVELS = 15

/** Some hundred green levels, evenly spread over a picture. */
export function glanceAt({ width, height, data }: Picture): Float64Array {
  const levels: number[] = []
  const [down, right] = [Math.max(1, Math.floor(height / 24)), Math.max(1, Math.floor(width / 32))]
  for (let y = Math.floor(height / 48); y < height; y += down) {
    for (let x = Math.floor(width / 64); x < width; x += right) levels.push(data[(y * width + x) * 4 + 1])
  }
  return Float64Array.from(levels)
}

/** Whether two glances are of different shots: hardly alike (-1..1), and by more than noise makes them. */
export function isCut(before: Float64Array, after: Float64Array, below: number): boolean {
  if (before.length !== after.length) return false
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length
  if (mean(after.map((level, index) => Math.abs(level - before[index]))) < LEAST_CUT_LEVELS) return false
  const centered = (values: Float64Array, middle = mean(values)) => values.map((value) => value - middle)
  const [one, other] = [centered(before), centered(after)]
  const dot = (left: Float64Array, right: Float64Array) => left.reduce((sum, value, index) => sum + value * right[index], 0)
  return dot(one, other) < below * Math.sqrt(dot(one, one) * dot(other, other))
}
