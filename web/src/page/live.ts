// Frames of a playing video, one at a time to the reader: a frame that comes while another is being read is dropped, and counted.

import type { Result } from '../engine/reading'
import type { Reader } from './reader'

const FIGURES_OVER_S = 2

/** What a status line says of the last two seconds. */
export interface Figures {
  framesPerSecond: number
  latency_ms: number
  num_dropped: number
}

export class Live {
  private isBusy = false
  private isOver = false
  private numDropped = 0
  private recent: { at_s: number; latency_ms: number }[] = []

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly reader: Reader,
    private readonly onResult: (result: Result, figures: Figures) => void,
    private readonly onError: (error: Error) => void,
  ) {}

  start(): void {
    this.next()
  }

  stop(): void {
    this.isOver = true
  }

  private next(): void {
    if (this.isOver) return
    if ('requestVideoFrameCallback' in this.video) this.video.requestVideoFrameCallback(() => this.onFrame())
    else requestAnimationFrame(() => this.onFrame())
  }

  private onFrame(): void {
    this.next()
    if (this.isOver || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return
    if (this.isBusy) {
      this.numDropped++
      return
    }
    this.isBusy = true
    this.read()
      .catch((error: Error) => {
        if (this.isOver) return // its reader was closed
        this.stop()
        this.onError(error)
      })
      .finally(() => (this.isBusy = false))
  }

  private async read(): Promise<void> {
    const started = performance.now()
    const time_s = this.video.currentTime
    const bitmap = await createImageBitmap(this.video)
    const result = await this.reader.readFrame(bitmap, time_s)
    if (this.isOver) return
    const dropped = this.numDropped + result.num_dropped
    this.numDropped = 0
    this.count(performance.now() - started)
    this.onResult({ ...result, num_dropped: dropped }, this.figures(dropped))
  }

  private count(latency_ms: number): void {
    const now_s = performance.now() / 1000
    this.recent.push({ at_s: now_s, latency_ms })
    this.recent = this.recent.filter(({ at_s }) => now_s - at_s <= FIGURES_OVER_S)
  }

  private figures(num_dropped: number): Figures {
    const span_s = this.recent[this.recent.length - 1].at_s - this.recent[0].at_s
    const latencies = this.recent.map(({ latency_ms }) => latency_ms).sort((one, other) => one - other)
    return {
      framesPerSecond: span_s > 0 ? (this.recent.length - 1) / span_s : 0,
      latency_ms: latencies[Math.floor(latencies.length / 2)],
      num_dropped,
    }
  }
}
