// The port against docs/vectors, which Python wrote, and against small cases worked out by hand.

import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { anchorCenters, decode, letterbox, merge } from '../src/engine/blazeface'
import { calibrate } from '../src/engine/calibration'
import { type Box, type Face, faceSquare, type Point } from '../src/engine/face'
import type { Card, DetectorFacts, FramingFacts } from '../src/engine/facts'
import { type Levels, type Picture, reduceBlocks, roundHalfEven } from '../src/engine/pixels'
import { cutSquare, equalize, fitCrop, normalize } from '../src/engine/preprocess'
import { glanceAt, isCut } from '../src/engine/shots'
import { Smoother } from '../src/engine/smoothing'
import { Tracker } from '../src/engine/tracking'

interface Vector {
  name: string
  box_xyxy: Box
  landmarks_xy: Point[]
  square: { center_xy: Point; side: number; angle_rad: number }
  picture: string
  crop: string
  input: string
  files: Record<string, { file_scores: number[]; scores: number[] }>
}

const ROOT = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, ROOT))
const vectors = JSON.parse(read('docs/vectors/vectors.json').toString())
const card: Card = JSON.parse(read('src/mien/bundles/mien_s/card.json').toString())
const framing: FramingFacts = { min_eye_distance_px: 3, min_eye_distance_of_box: 0.12 }
const detector: DetectorFacts = {
  path: '', input_side: 128, strides_and_anchors: [[8, 2], [16, 6]],
  score_threshold: 0.6, min_face_px: 16, overlap_threshold: 0.3, coverage_threshold: 0.6,
} // prettier-ignore

/** Reads a PNG of 8-bit grey or RGB without interlacing, which is what the vectors are. */
function readPng(path: string): { width: number; height: number; channels: number; data: Uint8Array } {
  const file = read(path)
  const [width, height, channels] = [file.readUInt32BE(16), file.readUInt32BE(20), file[25] === 0 ? 1 : 3]
  const chunks: Buffer[] = []
  for (let at = 8; at < file.length; ) {
    const size = file.readUInt32BE(at)
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') chunks.push(file.subarray(at + 8, at + 8 + size))
    at += size + 12
  }
  const lines = inflateSync(Buffer.concat(chunks))
  const stride = width * channels
  const data = new Uint8Array(height * stride)
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? data[y * stride + x - channels] : 0
      const up = y > 0 ? data[(y - 1) * stride + x] : 0
      const upLeft = y > 0 && x >= channels ? data[(y - 1) * stride + x - channels] : 0
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter]
      data[y * stride + x] = lines[y * (stride + 1) + 1 + x] + guess
    }
  }
  return { width, height, channels, data }
}

function paeth(left: number, up: number, upLeft: number): number {
  const [a, b, c] = [Math.abs(up - upLeft), Math.abs(left - upLeft), Math.abs(left + up - 2 * upLeft)]
  return a <= b && a <= c ? left : b <= c ? up : upLeft
}

function picture(path: string): Picture {
  const { width, height, channels, data } = readPng(path)
  const rgba = new Uint8Array(width * height * 4).fill(255)
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = data[pixel * channels + (channels === 1 ? 0 : channel)]
  }
  return { width, height, data: rgba }
}

function face({ box_xyxy, landmarks_xy }: Vector): Face {
  return { box_xyxy, landmarks_xy, confidence: 1 }
}

describe('vectors of docs/mobile.md', () => {
  it.each<Vector>([...vectors.squares, ...vectors.pictures])('square of $name', (vector) => {
    const square = faceSquare(face(vector), card.alignment, framing)
    expect(square.center_xy[0]).toBeCloseTo(vector.square.center_xy[0], 2)
    expect(square.center_xy[1]).toBeCloseTo(vector.square.center_xy[1], 2)
    expect(square.side).toBeCloseTo(vector.square.side, 2)
    expect(square.angle_rad).toBeCloseTo(vector.square.angle_rad, 4)
  })

  it.each<Vector>(vectors.pictures)('crop and input of $name', (vector) => {
    const square = faceSquare(face(vector), card.alignment, framing)
    const crop = cutSquare(picture(`docs/vectors/${vector.picture}`), square, 'gray', 48)
    const expected = readPng(`docs/vectors/${vector.crop}`)
    const differences = crop.data.map((level, index) => Math.abs(level - expected.data[index]))
    expect(Math.max(...differences)).toBeLessThanOrEqual(vectors.tolerances.crop_levels)
    const given: Levels = { width: 48, height: 48, channels: 1, data: expected.data }
    const file = read(`docs/vectors/${vector.input}`)
    const input = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.length))
    const made = normalize(fitCrop(given, card.preprocess), card.preprocess)
    expect(Math.max(...made.map((value, index) => Math.abs(value - input[index])))).toBeLessThanOrEqual(vectors.tolerances.input)
  })

  it.each<Vector>(vectors.pictures)('calibrated scores of $name', (vector) => {
    for (const file of Object.values(vector.files)) {
      calibrate(file.file_scores, card.calibration.temperature).forEach((score, index) => expect(score).toBeCloseTo(file.scores[index], 5))
    }
  })
})

describe('resampling', () => {
  it('rounds halves to even, as C does', () => {
    expect([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3])
  })

  it('repeats the edge in partial blocks', () => {
    const reduced = reduceBlocks({ width: 3, height: 1, channels: 1, data: Uint8Array.of(10, 20, 90) }, 2)
    expect(Array.from(reduced.data)).toEqual([15, 90])
  })

  it('spreads levels evenly, and leaves one level alone', () => {
    expect(Array.from(equalize(Uint8Array.of(10, 10, 20, 30)))).toEqual([0, 0, 128, 255])
    expect(Array.from(equalize(Uint8Array.of(7, 7)))).toEqual([7, 7])
  })
})

describe('detector', () => {
  it('has the anchors of the published graph', () => {
    const anchors = anchorCenters(detector)
    expect(anchors.length).toBe(896)
    expect(anchors[0]).toEqual([4, 4])
    expect(anchors[512]).toEqual([8, 8])
  })

  it('puts a wide picture between black bars', () => {
    const white: Picture = { width: 200, height: 100, data: new Uint8Array(200 * 100 * 4).fill(255) }
    const box = letterbox(white, 128)
    expect([box.left, box.top, box.perX, box.perY]).toEqual([0, 32, 200 / 128, 100 / 64])
    expect(box.input[0]).toBe(-1)
    expect(box.input[64 * 128 * 3]).toBe(1)
  })

  it('averages overlapping answers by their confidence', () => {
    const regressors = new Float32Array(896 * 16)
    const logits = new Float32Array(896).fill(-50)
    for (const [anchor, size] of [[0, 40], [1, 44]]) {
      regressors.set([20, 20, size, size], anchor * 16)
      logits[anchor] = 10
    }
    const faces = merge(decode(regressors, logits, anchorCenters(detector), detector), detector)
    expect(faces.length).toBe(1)
    expect(faces[0].box_xyxy[2] - faces[0].box_xyxy[0]).toBeCloseTo(42, 4)
  })
})

describe('shots', () => {
  const picture = (level: (x: number, y: number) => number): Picture => {
    const data = new Uint8Array(64 * 48 * 4)
    for (let pixel = 0; pixel < 64 * 48; pixel++) data.fill(level(pixel % 64, Math.floor(pixel / 64)), pixel * 4, pixel * 4 + 4)
    return { width: 64, height: 48, data }
  }
  const right = glanceAt(picture((x) => x * 4))
  const left = glanceAt(picture((x) => 255 - x * 4))
  const noisy = glanceAt(picture((x) => x * 4 + (x % 2) * 3))

  it('are told apart where nothing is alike, and not by noise', () => {
    expect(isCut(right, left, 0.2)).toBe(true)
    expect(isCut(right, noisy, 0.2)).toBe(false)
    expect(isCut(new Float64Array(), right, 0.2)).toBe(false)
  })
})

describe('over time', () => {
  it('averages in seconds and holds a label back', () => {
    const smoother = new Smoother({ time_constant_s: 0.2, margin: 0.1, hold_s: 0.25 })
    expect(smoother.update(0, [0.9, 0.1], 0).shown).toBe(0)
    const soon = smoother.update(0, [0.1, 0.9], 0.14)
    expect(soon.scores[1]).toBeCloseTo(0.1 + 0.8 * (1 - Math.exp(-0.7)), 6)
    expect(soon.shown).toBe(0) // it leads by 0.003, and has only begun to
    expect(smoother.update(0, soon.scores, 0.4).shown).toBe(1)
  })

  it('shows the leader also where two others take turns to lead', () => {
    const smoother = new Smoother({ time_constant_s: 0, margin: 0.1, hold_s: 0.25 })
    const rows = [[0.4, 0.3, 0.3], [0.3, 0.38, 0.32], [0.3, 0.32, 0.38], [0.3, 0.38, 0.32]] // prettier-ignore
    expect(rows.map((scores, index) => smoother.update(0, scores, 0.2 * index).shown)).toEqual([0, 0, 0, 1])
  })

  it('keeps identities while faces cross the picture, and gives a far one a new identity', () => {
    const tracker = new Tracker({ keep_lost_s: 2, longest_step_s: 10, max_jump_sides: 0.8, max_size_ratio: 1.6, cut_below: 0.2 })
    const at = (x: number): Face => ({ box_xyxy: [x, 0, x + 50, 50], landmarks_xy: [], confidence: 1 })
    expect(tracker.update([at(0), at(200)], 0)).toEqual([0, 1])
    expect(tracker.update([at(190), at(10)], 0.1)).toEqual([1, 0])
    expect(tracker.update([at(500)], 0.2)).toEqual([2])
    expect(tracker.update([at(10)], 3)).toEqual([3]) // the first one is forgotten by then
  })
})
