// How the described face's probability was shared among the expressions in the last 30 seconds; empty where it was not seen.

import type { Reading } from '../engine/reading'
import { colorOf } from './colors'

const LENGTH_S = 30
/** Without a frame for so long, nothing is claimed. */
const MAX_GAP_S = 0.5
const DRAW_EVERY_MS = 100

interface Point {
  time_s: number
  scores: number[] | undefined
}

export class Timeline {
  private points: Point[] = []
  private labels: string[] = []
  private drawnAt = 0

  constructor(private readonly canvas: HTMLCanvasElement) {}

  setLabels(labels: string[]): void {
    this.labels = labels
    this.clear()
  }

  clear(): void {
    this.points = []
    this.draw()
  }

  add(time_s: number, face: Reading | undefined): void {
    this.points.push({ time_s, scores: face && this.labels.map((label) => face.scores[label]) })
    while (this.points[0].time_s < time_s - LENGTH_S) this.points.shift()
    if (performance.now() - this.drawnAt >= DRAW_EVERY_MS) this.draw()
  }

  private draw(): void {
    this.drawnAt = performance.now()
    const width = Math.max(1, this.canvas.clientWidth)
    if (this.canvas.width !== width) this.canvas.width = width
    const { height } = this.canvas
    const context = this.canvas.getContext('2d')
    if (context === null) return
    context.clearRect(0, 0, width, height)
    const end_s = this.points.at(-1)?.time_s ?? 0
    const x = (time_s: number) => width * (1 - (end_s - time_s) / LENGTH_S)
    this.points.forEach(({ time_s, scores }, index) => {
      const next_s = Math.min(this.points[index + 1]?.time_s ?? time_s + 1 / 30, time_s + MAX_GAP_S)
      let below = height
      scores?.forEach((score, label) => {
        context.fillStyle = colorOf(this.labels[label])
        context.fillRect(x(time_s), below - score * height, Math.max(1, x(next_s) - x(time_s) + 0.5), score * height)
        below -= score * height
      })
    })
  }
}
