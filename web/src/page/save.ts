// Readings and pictures as files, made in the page.

import type { Result } from '../engine/reading'

/** About an hour of one face at 30 frames a second; more would fill a phone's memory. */
const MAX_ROWS = 120_000

type Cell = string | number

/** Readings since the source began. The CSV has the columns that `mien stream --csv` writes. */
export class Journal {
  private readonly columns: string[]
  private readonly rows: Cell[][] = []
  /** Frame, seconds, milliseconds of finding and of reading, frames lost before it. */
  private readonly frames: number[][] = []
  isFull = false

  constructor(
    private readonly source: string,
    private readonly model: string,
    private readonly labels: string[],
  ) {
    const head = ['source', 'frame', 'time_s', 'face', 'track_id', 'x1', 'y1', 'x2', 'y2', 'detection_confidence']
    this.columns = [...head, 'expression', 'probability', 'uncertain', ...labels.map((label) => `score_${label}`)]
  }

  get size(): number {
    return this.rows.length
  }

  add(result: Result): void {
    this.isFull ||= this.size + Math.max(1, result.faces.length) > MAX_ROWS
    if (this.isFull) return
    this.rows.push(...this.rowsOf(result))
    this.frames.push([this.frames.length, round(result.time_s), round(result.detect_ms), round(result.classify_ms), result.num_dropped])
  }

  toCsv(): Blob {
    const lines = [this.columns, ...this.rows].map((cells) => cells.map(quoted).join(',') + '\r\n')
    return new Blob(lines, { type: 'text/csv' })
  }

  toJson(): Blob {
    const { source, model, columns, rows, frames } = this
    const head = { source, model, frame_columns: ['frame', 'time_s', 'detect_ms', 'classify_ms', 'num_dropped'], columns }
    const list = (values: unknown[]) => values.flatMap((value, index) => [index ? ',\n' : '\n', JSON.stringify(value)])
    const parts = [JSON.stringify(head).slice(0, -1), ',"frames":[', ...list(frames), '],"rows":[', ...list(rows), ']}\n']
    return new Blob(parts, { type: 'application/json' })
  }

  private rowsOf(result: Result): Cell[][] {
    const head = [this.source, this.frames.length, round(result.time_s)]
    // A frame without faces has one row, with face -1.
    if (result.faces.length === 0) return [[...head, -1, -1, ...Array<string>(this.columns.length - 5).fill('')]]
    return result.faces.map((face, number) => [
      ...head, number, face.track_id, ...face.box_xyxy.map((value) => Number(value.toFixed(2))), round(face.detection_confidence),
      face.expression, round(face.probability), face.uncertain ? 'True' : 'False', ...this.labels.map((label) => round(face.scores[label])),
    ]) // prettier-ignore
  }
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

function quoted(cell: Cell): string {
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Hands a file to the person. */
export function save(name: string, content: Blob): void {
  const address = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

export function stamp(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(':', '-')
}
