// From a picture and a square to a network's input; steps 2 and 3 of docs/mobile.md.

import type { Square } from './face'
import type { Color, PreprocessSpec } from './facts'
import { type Levels, type Picture, reduceBlocks, sampleBilinear, takePart } from './pixels'

/** Cuts a turned square, in the colour of the network's input and `size` pixels wide. */
export function cutSquare(picture: Picture, square: Square, color: Color, size: number): Levels {
  const [x, y] = square.center_xy
  const reach = square.side * 0.75 + 2 // half the diagonal is 0.71 sides
  const [left, right] = clipRange(x - reach, x + reach, picture.width)
  const [top, bottom] = clipRange(y - reach, y + reach, picture.height)
  const factor = square.side > 2 * size ? Math.floor(square.side / size) : 1
  const reduced = reduceBlocks(takePart(picture, { left, top, right, bottom }, color), factor)
  const [cos, sin] = [Math.cos(square.angle_rad), Math.sin(square.angle_rad)]
  const xs = new Float64Array(size * size)
  const ys = new Float64Array(size * size)
  for (let j = 0; j < size; j++) {
    const down = (((j + 0.5) / size - 0.5) * square.side) / factor
    for (let i = 0; i < size; i++) {
      const across = (((i + 0.5) / size - 0.5) * square.side) / factor
      xs[j * size + i] = (x - left) / factor + cos * across - sin * down
      ys[j * size + i] = (y - top) / factor + sin * across + cos * down
    }
  }
  return sampleBilinear(reduced, xs, ys, size)
}

/** Whole pixels that cover low..high, within 0..size and never empty. */
function clipRange(low: number, high: number, size: number): [number, number] {
  const start = Math.min(Math.max(Math.floor(low), 0), size - 1)
  return [start, Math.max(Math.min(Math.ceil(high), size), start + 1)]
}

/** Stretches a face that is cut out already to the network's size, or the middle `center_share` of it. */
export function fitCrop(crop: Levels, spec: PreprocessSpec): Levels {
  const size = spec.size_hw[0]
  const share = spec.center_share
  if (crop.width === size && crop.height === size && share === 1) return crop
  const seen = Math.min(crop.width, crop.height) * share
  const factor = seen > 2 * size ? Math.max(1, Math.floor(seen / size)) : 1
  const xs = new Float64Array(size * size)
  const ys = new Float64Array(size * size)
  for (let index = 0; index < size * size; index++) {
    const step = (at: number) => ((at + 0.5) / size - 0.5) * share + 0.5
    xs[index] = (step(index % size) * crop.width) / factor
    ys[index] = (step(Math.floor(index / size)) * crop.height) / factor
  }
  return sampleBilinear(reduceBlocks(crop, factor), xs, ys, size)
}

/** Spreads grey levels evenly over the picture; one of a single level stays as it is. */
export function equalize(levels: Uint8Array): Uint8Array {
  const below = new Float64Array(256)
  for (const level of levels) below[level]++
  const darkest = below.find((count) => count > 0) ?? 0
  if (darkest === levels.length) return levels
  for (let level = 1; level < 256; level++) below[level] += below[level - 1]
  const spread = below.map((count) => Math.floor((255 * Math.max(count - darkest, 0)) / (levels.length - darkest) + 0.5))
  return levels.map((level) => spread[level])
}

/** (level * scale - mean) / std, per channel. */
export function normalize(crop: Levels, spec: PreprocessSpec): Float32Array {
  const levels = spec.histogram === 'equalize' ? equalize(crop.data) : crop.data
  const scale = Math.fround(spec.scale)
  const mean = spec.mean.map(Math.fround)
  const std = spec.std.map(Math.fround)
  return Float32Array.from(levels, (level, index) => {
    const channel = index % crop.channels
    return Math.fround(Math.fround(Math.fround(level * scale) - mean[channel]) / std[channel])
  })
}
