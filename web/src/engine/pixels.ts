// Pictures as arrays, and the exact resampling of docs/mobile.md: results agree with Python's to one grey level.

import type { Color } from './facts'

/** As a canvas gives it: RGBA, row by row. */
export interface Picture {
  width: number
  height: number
  data: Uint8ClampedArray | Uint8Array
}

/** 8-bit levels, row by row, with 1 (grey) or 3 (RGB) channels. */
export interface Levels {
  width: number
  height: number
  channels: 1 | 3
  data: Uint8Array
}

/** Whole pixels: from `left` up to but not including `right`, and likewise down. */
export interface Part {
  left: number
  top: number
  right: number
  bottom: number
}

/** Takes a part of a picture, as RGB or as luma (ITU-R BT.601, in OpenCV's fixed point). */
export function takePart(picture: Picture, part: Part, color: Color): Levels {
  const width = part.right - part.left
  const height = part.bottom - part.top
  const channels = color === 'gray' ? 1 : 3
  const data = new Uint8Array(width * height * channels)
  let to = 0
  for (let y = part.top; y < part.bottom; y++) {
    let from = (y * picture.width + part.left) * 4
    for (let x = 0; x < width; x++, from += 4) {
      const [red, green, blue] = [picture.data[from], picture.data[from + 1], picture.data[from + 2]]
      if (color !== 'rgb') {
        const luma = (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15
        for (let channel = 0; channel < channels; channel++) data[to++] = luma // `fill` takes nine times as long
      } else {
        data[to++] = red
        data[to++] = green
        data[to++] = blue
      }
    }
  }
  return { width, height, channels, data }
}

/** Averages factor x factor blocks from the left top on; the last, partial blocks repeat the edge. */
export function reduceBlocks(levels: Levels, factor: number): Levels {
  if (factor < 2) return levels
  const { channels } = levels
  const width = Math.ceil(levels.width / factor)
  const height = Math.ceil(levels.height / factor)
  const data = new Uint8Array(width * height * channels)
  const share = Math.fround(1 / (factor * factor))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0
        for (let j = 0; j < factor; j++) {
          const row = Math.min(y * factor + j, levels.height - 1) * levels.width
          for (let i = 0; i < factor; i++) {
            sum += levels.data[(row + Math.min(x * factor + i, levels.width - 1)) * channels + channel]
          }
        }
        data[(y * width + x) * channels + channel] = factor === 2 ? (sum + 2) >> 2 : roundHalfEven(Math.fround(sum * share))
      }
    }
  }
  return { width, height, channels, data }
}

/** As C rounds: halves to the even neighbour. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value)
  const rest = value - low
  if (rest !== 0.5) return Math.round(value)
  return low % 2 === 0 ? low : low + 1
}

/**
 * One bilinear sample per point, in pixels, where (0.5, 0.5) is the centre of the first pixel. Outside, the nearest edge pixel counts.
 * `xs` and `ys` hold size * size coordinates.
 */
export function sampleBilinear(levels: Levels, xs: Float64Array, ys: Float64Array, size: number): Levels {
  const { width, height, channels } = levels
  const data = new Uint8Array(size * size * channels)
  for (let index = 0; index < size * size; index++) {
    const x = Math.min(Math.max(xs[index] - 0.5, 0), width - 1)
    const y = Math.min(Math.max(ys[index] - 0.5, 0), height - 1)
    const [x0, y0] = [Math.floor(x), Math.floor(y)]
    const [right, down] = [x - x0, y - y0]
    const beside = x0 < width - 1 ? channels : 0
    const below = y0 < height - 1 ? width * channels : 0
    for (let channel = 0; channel < channels; channel++) {
      const corner = (y0 * width + x0) * channels + channel
      const upper = levels.data[corner] * (1 - right) + levels.data[corner + beside] * right
      const lower = levels.data[corner + below] * (1 - right) + levels.data[corner + below + beside] * right
      data[index * channels + channel] = Math.floor(upper * (1 - down) + lower * down + 0.5)
    }
  }
  return { width: size, height: size, channels, data }
}

/** Which source pixels an output pixel covers, and how much of each: the weights of OpenCV's INTER_AREA. */
function areaWeights(from: number, to: number): { start: number; weights: number[] }[] {
  const scale = from / to
  return Array.from({ length: to }, (_, index) => {
    const low = index * scale
    const high = Math.min(low + scale, from)
    const start = Math.floor(low + 1e-9)
    const end = Math.min(Math.ceil(high - 1e-9), from)
    const weights = []
    for (let pixel = start; pixel < end; pixel++) {
      weights.push((Math.min(pixel + 1, high) - Math.max(pixel, low)) / (high - low))
    }
    return { start, weights }
  })
}

/** Which two pixels an output pixel lies between: the weights of OpenCV's INTER_LINEAR. */
function linearWeights(from: number, to: number): { start: number; weights: number[] }[] {
  return Array.from({ length: to }, (_, index) => {
    const place = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1)
    const start = Math.min(Math.floor(place), Math.max(from - 2, 0))
    return { start, weights: from === 1 ? [1] : [1 - (place - start), place - start] }
  })
}

/** Resizes as Python's detector does: by area where that shrinks, else bilinear. RGB, not rounded. */
export function resizeRgb(picture: Picture, part: Part, width: number, height: number, shrinks: boolean): Float32Array {
  const weigh = shrinks ? areaWeights : linearWeights
  const columns = weigh(part.right - part.left, width)
  const rows = weigh(part.bottom - part.top, height)
  const resized = new Float32Array(width * height * 3)
  const line = new Float64Array(width * 3)
  const lines = new Map<number, Float64Array>() // source rows that are shared by two output rows
  for (let y = 0; y < height; y++) {
    line.fill(0)
    const { start, weights } = rows[y]
    for (let j = 0; j < weights.length; j++) {
      const source = lines.get(start + j) ?? shrinkLine(picture, part, start + j, columns)
      lines.set(start + j, source)
      for (let index = 0; index < line.length; index++) line[index] += source[index] * weights[j]
    }
    for (const row of lines.keys()) if (row < start + weights.length - 1) lines.delete(row)
    for (let index = 0; index < line.length; index++) resized[y * width * 3 + index] = line[index]
  }
  return resized
}

function shrinkLine(picture: Picture, part: Part, row: number, columns: { start: number; weights: number[] }[]): Float64Array {
  const line = new Float64Array(columns.length * 3)
  const first = ((part.top + row) * picture.width + part.left) * 4
  for (let x = 0; x < columns.length; x++) {
    const { start, weights } = columns[x]
    let [red, green, blue] = [0, 0, 0]
    let from = first + start * 4
    for (let i = 0; i < weights.length; i++, from += 4) {
      red += picture.data[from] * weights[i]
      green += picture.data[from + 1] * weights[i]
      blue += picture.data[from + 2] * weights[i]
    }
    line[x * 3] = red
    line[x * 3 + 1] = green
    line[x * 3 + 2] = blue
  }
  return line
}
