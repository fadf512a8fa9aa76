// BlazeFace, short range: the whole picture in one square, answers decoded and averaged as mien.detection.blazeface does.

import { type Box, coverage, type Face, overlap, type Point } from './face'
import type { DetectorFacts } from './facts'
import type { Network } from './litert'
import { type Picture, resizeRgb, roundHalfEven } from './pixels'

/** How a picture lies in the network's square input. */
export interface Letterbox {
  input: Float32Array
  left: number
  top: number
  /** Picture pixels per input pixel; rounding makes them differ a little. */
  perX: number
  perY: number
}

/** Right eye, left eye, nose, mouth; the last two of the network's six points are the ears. */
const NUM_POINTS = 4
const LOGIT_LIMIT = 100

export class BlazeFace {
  private readonly anchors: Point[]

  constructor(
    private readonly network: Network,
    private readonly facts: DetectorFacts,
  ) {
    this.anchors = anchorCenters(facts)
  }

  /** Returns the faces of a picture, the surest first. */
  async detect(picture: Picture): Promise<Face[]> {
    const box = letterbox(picture, this.facts.input_side)
    const outputs = await this.network.run(box.input)
    const size = this.anchors.length
    const logits = outputs.find((output) => output.length === size)
    const regressors = outputs.find((output) => output.length === size * 16)
    if (logits === undefined || regressors === undefined) throw new Error('The face detector does not answer like BlazeFace.')
    const answers = decode(regressors, logits, this.anchors, this.facts)
    return merge(
      answers.map((face) => toPicture(face, box)),
      this.facts,
    )
  }
}

/** Centres of the anchors in input pixels, in the order of the network's answers. */
export function anchorCenters(facts: DetectorFacts): Point[] {
  const centers: Point[] = []
  for (const [stride, perCell] of facts.strides_and_anchors) {
    const cells = Math.floor(facts.input_side / stride)
    for (let y = 0; y < cells; y++) {
      for (let x = 0; x < cells; x++) {
        for (let anchor = 0; anchor < perCell; anchor++) centers.push([(x + 0.5) * stride, (y + 0.5) * stride])
      }
    }
  }
  return centers
}

/** Puts a picture into the middle of a black square and brings it to the network's size and range. */
export function letterbox(picture: Picture, inputSide: number): Letterbox {
  const side = Math.max(picture.width, picture.height)
  const scale = inputSide / side
  const marginX = Math.max(-Math.floor((picture.width - side) / 2), 0)
  const marginY = Math.max(-Math.floor((picture.height - side) / 2), 0)
  const [left, top] = [roundHalfEven(marginX * scale), roundHalfEven(marginY * scale)]
  const width = Math.min(Math.max(1, roundHalfEven(picture.width * scale)), inputSide - left)
  const height = Math.min(Math.max(1, roundHalfEven(picture.height * scale)), inputSide - top)
  const whole = { left: 0, top: 0, right: picture.width, bottom: picture.height }
  const resized = resizeRgb(picture, whole, width, height, scale < 1)
  const input = new Float32Array(inputSide * inputSide * 3).fill(-1)
  for (let y = 0; y < height; y++) {
    const to = ((top + y) * inputSide + left) * 3
    for (let index = 0; index < width * 3; index++) {
      input[to + index] = Math.fround(Math.fround(roundHalfEven(resized[y * width * 3 + index]) * Math.fround(2 / 255)) - 1)
    }
  }
  return { input, left, top, perX: picture.width / width, perY: picture.height / height }
}

/** Answers above the threshold, in input pixels. */
export function decode(regressors: ArrayLike<number>, logits: ArrayLike<number>, anchors: Point[], facts: DetectorFacts): Face[] {
  const faces: Face[] = []
  anchors.forEach(([anchorX, anchorY], index) => {
    const confidence = 1 / (1 + Math.exp(-Math.min(Math.max(logits[index], -LOGIT_LIMIT), LOGIT_LIMIT)))
    const at = index * 16
    const [width, height] = [regressors[at + 2], regressors[at + 3]]
    if (confidence < facts.score_threshold || height < facts.min_face_px) return
    const [x, y] = [regressors[at] + anchorX, regressors[at + 1] + anchorY]
    const landmarks_xy = Array.from({ length: NUM_POINTS }, (_, point): Point => {
      return [regressors[at + 4 + point * 2] + anchorX, regressors[at + 5 + point * 2] + anchorY]
    })
    faces.push({ box_xyxy: [x - width / 2, y - height / 2, x + width / 2, y + height / 2], landmarks_xy, confidence })
  })
  return faces
}

/** Turns overlapping answers into one face each, the average weighted by confidence, the surest first. */
export function merge(answers: Face[], facts: DetectorFacts): Face[] {
  let rest = [...answers].sort((one, other) => other.confidence - one.confidence)
  const faces: Face[] = []
  while (rest.length > 0) {
    const best = rest[0]
    const overlaps = (face: Face) => overlap(best.box_xyxy, face.box_xyxy) > facts.overlap_threshold
    faces.push(average(rest.filter(overlaps), best.confidence))
    rest = rest.filter((face) => !overlaps(face) && coverage(best.box_xyxy, face.box_xyxy) <= facts.coverage_threshold)
  }
  return faces
}

function average(group: Face[], confidence: number): Face {
  const total = group.reduce((sum, face) => sum + face.confidence, 0)
  const mean = (value: (face: Face) => number) => group.reduce((sum, face) => sum + value(face) * face.confidence, 0) / total
  return {
    box_xyxy: [0, 1, 2, 3].map((side) => mean((face) => face.box_xyxy[side])) as Box,
    landmarks_xy: group[0].landmarks_xy.map((_, point): Point => {
      return [mean((face) => face.landmarks_xy[point][0]), mean((face) => face.landmarks_xy[point][1])]
    }),
    confidence,
  }
}

function toPicture(face: Face, { left, top, perX, perY }: Letterbox): Face {
  const [x1, y1, x2, y2] = face.box_xyxy
  return {
    box_xyxy: [(x1 - left) * perX, (y1 - top) * perY, (x2 - left) * perX, (y2 - top) * perY],
    landmarks_xy: face.landmarks_xy.map(([x, y]): Point => [(x - left) * perX, (y - top) * perY]),
    confidence: face.confidence,
  }
}
