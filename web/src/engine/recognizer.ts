// A bundle and the face detector, put together: from a picture to readings.

import { BlazeFace } from './blazeface'
import { argmax, calibrate } from './calibration'
import { type Face, faceSquare } from './face'
import { type Card, type Facts, fetchFile, fetchJson } from './facts'
import { type Accelerator, Network, type Runtime } from './litert'
import type { Levels, Picture } from './pixels'
import { cutSquare, fitCrop, normalize } from './preprocess'
import { type Reading, readingOf, type Result } from './reading'
import { glanceAt, isCut } from './shots'
import { Smoother } from './smoothing'
import { Tracker } from './tracking'

const CARD_VERSION = 1

/** One file of a bundle: faces to calibrated scores. */
export class Classifier {
  private constructor(
    private readonly network: Network,
    readonly card: Card,
  ) {}

  static async open(runtime: Runtime, folder: string, file: string, accelerator: Accelerator): Promise<Classifier> {
    const card = await fetchJson<Card>(`${folder}card.json`)
    if (card.card_version > CARD_VERSION) throw new Error(`${card.name}: its card is newer than this page. Reload it, or upgrade mien.`)
    const content = await (await fetchFile(folder + card.files[file].path)).arrayBuffer()
    return new Classifier(await Network.open(runtime, new Uint8Array(content), accelerator), card)
  }

  /** Returns (K) calibrated scores of a face that is cut out already. */
  async scores(crop: Levels): Promise<number[]> {
    const input = normalize(fitCrop(crop, this.card.preprocess), this.card.preprocess)
    const [answer] = await this.network.run(input)
    return calibrate(answer, this.card.calibration.temperature)
  }

  get isFullyAccelerated(): boolean {
    return this.network.isFullyAccelerated
  }

  close(): void {
    this.network.close()
  }
}

export class Recognizer {
  private tracker: Tracker
  private smoother: Smoother
  private glance: Float64Array = new Float64Array()
  private size = ''

  private constructor(
    private readonly detector: BlazeFace,
    private readonly detectorNetwork: Network,
    readonly classifier: Classifier,
    private readonly facts: Facts,
  ) {
    this.tracker = new Tracker(facts.tracking)
    this.smoother = new Smoother(facts.smoothing)
  }

  static async open(runtime: Runtime, base: string, facts: Facts, bundle: string, file: string, accelerator: Accelerator): Promise<Recognizer> {
    const content = await (await fetchFile(base + facts.detector.path)).arrayBuffer()
    const network = await Network.open(runtime, new Uint8Array(content), accelerator)
    const classifier = await Classifier.open(runtime, `${base}bundles/${bundle}/`, file, accelerator)
    return new Recognizer(new BlazeFace(network, facts.detector), network, classifier, facts)
  }

  close(): void {
    this.detectorNetwork.close()
    this.classifier.close()
  }

  /** What comes next is of another source: nobody is known, and identities count anew. */
  reset(): void {
    this.tracker = new Tracker(this.facts.tracking)
    this.smoother = new Smoother(this.facts.smoothing)
    this.size = ''
  }

  /** Forgets all faces of this source, as after a cut; identities go on counting. */
  private forget(): void {
    this.tracker.reset()
    this.smoother = new Smoother(this.facts.smoothing)
  }

  /** Reads a single picture. */
  async readPicture(picture: Picture): Promise<Result> {
    return this.read(picture, 0, (faces, scores) => {
      return faces.map((face, index) => this.say(face, scores[index], argmax(scores[index]), -1))
    })
  }

  /** Reads the next frame of a source: faces keep their identity, and come in its order; labels are steadied. */
  async readFrame(picture: Picture, time_s: number): Promise<Result> {
    const glance = glanceAt(picture)
    const size = `${picture.width}x${picture.height}` // as of a phone that was turned
    if (size !== this.size || isCut(this.glance, glance, this.facts.tracking.cut_below)) this.forget()
    this.glance = glance
    this.size = size
    return this.read(picture, time_s, (faces, scores) => {
      const ids = this.tracker.update(faces, time_s)
      this.smoother.forgetAllBut(this.tracker.knownIds)
      const readings = faces.map((face, index) => {
        const steady = this.smoother.update(ids[index], scores[index], time_s)
        return this.say(face, steady.scores, steady.shown, ids[index])
      })
      return readings.sort((one, other) => one.track_id - other.track_id)
    })
  }

  private async read(picture: Picture, time_s: number, say: (faces: Face[], scores: number[][]) => Reading[]): Promise<Result> {
    const { card } = this.classifier
    const started = performance.now()
    const faces = await this.detector.detect(picture)
    const detected = performance.now()
    const side = Math.round(card.preprocess.size_hw[0] / card.preprocess.center_share)
    const scores: number[][] = []
    for (const face of faces) {
      const square = faceSquare(face, card.alignment, this.facts.framing)
      scores.push(await this.classifier.scores(cutSquare(picture, square, card.preprocess.color, side)))
    }
    const { width, height } = picture
    const times = { detect_ms: detected - started, classify_ms: performance.now() - detected }
    return { width, height, time_s, faces: say(faces, scores), ...times, num_dropped: 0 }
  }

  private say(face: Face, scores: number[], shown: number, trackId: number): Reading {
    const { labels, calibration } = this.classifier.card
    return readingOf(face, labels, scores, shown, calibration.abstain_below, trackId)
  }
}
