// Boxes and labels over the picture.

import type { Reading } from '../engine/reading'
import { colorOf, UNSURE } from './colors'

/** Draws readings onto a canvas of the picture's size that lies over it; text is never mirrored, nor cut off. */
export function drawReadings(context: CanvasRenderingContext2D, faces: Reading[], isMirrored: boolean): void {
  const { width } = context.canvas
  const line = Math.max(2, width / 240)
  const size = Math.max(13, width / 32)
  context.font = `600 ${size}px system-ui, sans-serif`
  context.lineWidth = line
  context.textBaseline = 'bottom'
  for (const face of faces) {
    const [x1, y1, x2, y2] = face.box_xyxy
    const left = isMirrored ? width - x2 : x1
    const color = face.uncertain ? UNSURE : colorOf(face.expression)
    const text = captionOf(face)
    context.strokeStyle = color
    context.strokeRect(left, y1, x2 - x1, y2 - y1)
    const wide = context.measureText(text).width + size * 0.6
    const high = size * 1.35
    const start = Math.max(0, Math.min(left - line / 2, width - wide))
    const top = y1 >= high ? y1 - high : Math.max(0, y1) // inside the box where there is no room above
    context.fillStyle = color
    context.fillRect(start, top, wide, high)
    context.fillStyle = '#ffffff'
    context.fillText(text, start + line / 2 + size * 0.3, top + size * 1.25)
  }
}

export function captionOf(face: Reading): string {
  return `${face.expression} ${Math.round(face.probability * 100)} %${face.uncertain ? ' ?' : ''}`
}
