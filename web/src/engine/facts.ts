// What the page is told: mien.json, and the card of a bundle. Written by Python, which defines every number.

export interface BundleFacts {
  name: string
  files: string[]
  quick_file: string
}

export interface DetectorFacts {
  path: string
  input_side: number
  /** [stride in input pixels, anchors per cell] in the order of the network's rows. */
  strides_and_anchors: [number, number][]
  score_threshold: number
  min_face_px: number
  overlap_threshold: number
  coverage_threshold: number
}

/** Of a network's input; grey may be repeated to three channels. */
export type Color = 'gray' | 'rgb' | 'gray_rgb'

export interface FramingFacts {
  min_eye_distance_px: number
  min_eye_distance_of_box: number
}

export interface SmoothingFacts {
  time_constant_s: number
  margin: number
  hold_s: number
}

export interface TrackingFacts {
  keep_lost_s: number
  longest_step_s: number
  max_jump_sides: number
  max_size_ratio: number
  /** Two frames less alike (-1..1) than this are different shots of a film. */
  cut_below: number
}

export interface PictureFacts {
  min_side_px: number
  max_pixels: number
}

export interface Facts {
  mien: string
  has_server: boolean
  needs_key: boolean
  on_device: boolean
  not_on_device_because: string
  bundles: BundleFacts[]
  pictures: PictureFacts
  detector: DetectorFacts
  framing: FramingFacts
  smoothing: SmoothingFacts
  tracking: TrackingFacts
}

export interface PreprocessSpec {
  color: Color
  size_hw: [number, number]
  mean: number[]
  std: number[]
  scale: number
  center_share: number
  histogram: 'keep' | 'equalize'
}

export interface AlignmentSpec {
  eye_distances: number
  center_below_eyes: number
  eye_to_mouth_share: number
}

export interface Card {
  card_version: number
  name: string
  labels: string[]
  preprocess: PreprocessSpec
  alignment: AlignmentSpec
  calibration: { temperature: number; abstain_below: number }
  files: Record<string, { path: string; sha256: string; bytes: number }>
}

/** Fetches a file of the page, or says which one is missing: a 404 page is no model. */
export async function fetchFile(address: string): Promise<Response> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address} cannot be loaded (${response.status}). Reload the page.`)
  return response
}

export async function fetchJson<T>(address: string): Promise<T> {
  return (await (await fetchFile(address)).json()) as T
}
