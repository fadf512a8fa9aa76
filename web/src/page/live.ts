// Frames of a playing video, one at a time to the reader: a frame that comes while another is being read is dropped, and counted.
// Browsers say of every frame its time and its number; where one does not, a frame is what the screen shows when it is drawn.

import type { Result } from '../engine/reading'
import type { Reader } from './reader'

const FIGURES_OVER_S = 2

/** What a status line says: of the last two seconds, and of frames lost since the source began. */
export interface Figures {
  framesPerSecond: number
  latency_ms: number
  numDropped: number
}

export class Live {
  private isBusy = false
  private isOver = false
  private numDropped = 0
  private numDroppedInAll = 0
  private numSeen = 0
  private lastTime_s = -1
  private recent: { at_s: number; latency_ms: number }[] = []

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly reader: Reader,
    private readonly onResult: (result: Result, figures: Figures) => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.next()
  }

  stop(): void {
    this.isOver = true
  }

  private next(): void {
    if (this.isOver) return
    if ('requestVideoFrameCallback' in this.video) {
      this.video.requestVideoFrameCallback((_, { mediaTime, presentedFrames }) => this.onFrame(mediaTime, presentedFrames))
    } else requestAnimationFrame(() => this.onFrame(this.video.currentTime, this.numSeen + 1))
  }

  /** `number` counts the frames that were shown, from any start; not all of them come here. */
  private onFrame(time_s: number, number: number): void {
    this.next()
    const isNew = time_s !== this.lastTime_s // the screen is drawn more often than some videos change
    if (this.isOver || !isNew || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return
    this.lastTime_s = time_s
    if (this.numSeen) this.numDropped += Math.max(0, number - this.numSeen - 1)
    this.numSeen = number
    if (this.isBusy) {
      this.numDropped++
      return
    }
    this.isBusy = true
    this.read(time_s)
      .catch((error: unknown) => {
        if (!this.isOver) this.onError(error) // after the end its reader may be closed
      })
      .finally(() => (this.isBusy = false))
  }

  private async read(time_s: number): Promise<void> {
    const started = performance.now()
    const bitmap = await createImageBitmap(this.video)
    if (this.isOver) return bitmap.close()
    const result = await this.reader.readFrame(bitmap, time_s)
    if (this.isOver) return
    const num_dropped = this.numDropped + result.num_dropped
    this.numDropped = 0
    this.numDroppedInAll += num_dropped
    this.onResult({ ...result, num_dropped }, this.figures(performance.now() - started))
  }

  private figures(latency_ms: number): Figures {
    const now_s = performance.now() / 1000
    this.recent.push({ at_s: now_s, latency_ms })
    this.recent = this.recent.filter(({ at_s }) => now_s - at_s <= FIGURES_OVER_S)
    const span_s = now_s - this.recent[0].at_s
    const latencies = this.recent.map((one) => one.latency_ms).sort((one, other) => one - other)
    return {
      framesPerSecond: span_s > 0 ? (this.recent.length - 1) / span_s : 0,
      latency_ms: latencies[Math.floor(latencies.length / 2)],
      numDropped: this.numDroppedInAll,
    }
  }
}
