// Boxes and labels over the picture.

import type { Reading } from '../engine/reading'
import { colorOf, UNSURE } from './colors'

/** Draws the readings of a picture of `width` x `height` onto a canvas that lies over it; text is never mirrored. */
export function drawReadings(context: CanvasRenderingContext2D, faces: Reading[], width: number, isMirrored: boolean): void {
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
    const top = y1 > size * 1.4 ? y1 : y2 + size * 1.4
    const wide = context.measureText(text).width + size * 0.6
    context.fillStyle = color
    context.fillRect(left - line / 2, top - size * 1.35, wide, size * 1.35)
    context.fillStyle = '#ffffff'
    context.fillText(text, left + size * 0.3, top - size * 0.1)
  }
}

export function captionOf(face: Reading): string {
  return `${face.expression} ${Math.round(face.probability * 100)} %${face.uncertain ? ' ?' : ''}`
}
