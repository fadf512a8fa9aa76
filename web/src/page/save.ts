// Readings and pictures as files, made in the page.

import type { Result } from '../engine/reading'

/** About an hour of one face at 30 frames a second; more would fill a phone's memory. */
const MAX_ROWS = 120_000

/** Readings since the source began. The CSV has the columns that `mien stream --csv` writes. */
export class Journal {
  private results: Result[] = []
  private numRows = 0
  isFull = false

  constructor(private readonly source: string) {}

  get size(): number {
    return this.numRows
  }

  add(result: Result): void {
    const rows = Math.max(1, result.faces.length)
    this.isFull ||= this.numRows + rows > MAX_ROWS
    if (this.isFull) return
    this.results.push(result)
    this.numRows += rows
  }

  toCsv(labels: string[]): string {
    const head = ['source', 'frame', 'time_s', 'face', 'track_id', 'x1', 'y1', 'x2', 'y2']
    const columns = [...head, 'detection_confidence', 'expression', 'probability', 'uncertain', ...labels.map((label) => `score_${label}`)]
    const lines = this.results.flatMap((result, frame) => this.rowsOf(result, frame, labels, columns.length))
    return [columns, ...lines].map((cells) => cells.map(quoted).join(',')).join('\r\n') + '\r\n'
  }

  toJson(): string {
    return JSON.stringify({ source: this.source, frames: this.results.map((result, frame) => ({ frame, ...result })) })
  }

  private rowsOf(result: Result, frame: number, labels: string[], width: number): (string | number)[][] {
    const head = [this.source, frame, round(result.time_s)]
    // A frame without faces has one row, with face -1.
    if (result.faces.length === 0) return [[...head, -1, -1, ...Array<string>(width - 5).fill('')]]
    return result.faces.map((face, number) => [
      ...head, number, face.track_id, ...face.box_xyxy.map((value) => value.toFixed(2)), round(face.detection_confidence),
      face.expression, round(face.probability), face.uncertain ? 'True' : 'False', ...labels.map((label) => round(face.scores[label])),
    ]) // prettier-ignore
  }
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

function quoted(cell: string | number): string {
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Hands a file to the person. */
export function save(name: string, content: Blob | string, type = 'text/plain'): void {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

export function stamp(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(':', '-')
}
