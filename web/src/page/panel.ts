// The reading of one face in words and bars; with several faces, buttons to choose.

import type { Reading } from '../engine/reading'
import { colorOf } from './colors'
import { byId } from './elements'
import { captionOf } from './overlay'

const SPEAK_EVERY_MS = 2000

export class Panel {
  /** Identity of the face that was chosen; in pictures, its position. */
  private chosen: number | undefined
  private shown: Reading[] = []
  private spokenAt = 0
  private readonly rows = new Map<string, { bar: HTMLElement; value: HTMLElement }>()

  /** Makes a bar for every label. */
  setLabels(labels: string[]): void {
    this.rows.clear()
    byId('bars').replaceChildren(...labels.flatMap((label) => this.makeRow(label)))
    this.fillBars(undefined)
  }

  /** Shows no face, and forgets which one was chosen: what comes next is of another source or model. */
  clear(): void {
    this.chosen = undefined
    this.shown = []
    this.fillBars(undefined)
    byId('expression').textContent = '–'
    byId('expression').classList.remove('unsure')
    byId('sure').textContent = ''
    byId('faces').replaceChildren()
  }

  /** Shows the faces of a frame or picture, and returns the one that is described. */
  show(faces: Reading[], isPicture: boolean): Reading | undefined {
    this.shown = faces
    const face = faces.find((one, index) => identityOf(one, index) === this.chosen) ?? faces[0]
    this.fillBars(face)
    const title = byId('expression')
    title.textContent = face ? face.expression : '–'
    title.classList.toggle('unsure', face?.uncertain ?? false)
    byId('sure').textContent = sentenceOf(face)
    this.listFaces(face)
    this.speak(face, isPicture)
    return face
  }

  private makeRow(label: string): HTMLElement[] {
    const [term, bar, value] = [document.createElement('dt'), document.createElement('dd'), document.createElement('dd')]
    const fill = document.createElement('i')
    term.textContent = label
    bar.className = 'bar'
    fill.style.background = colorOf(label)
    bar.append(fill)
    this.rows.set(label, { bar: fill, value })
    return [term, bar, value]
  }

  private fillBars(face: Reading | undefined): void {
    for (const [label, { bar, value }] of this.rows) {
      const score = face?.scores[label] ?? 0
      bar.style.width = `${score * 100}%`
      value.textContent = face ? `${Math.round(score * 100)} %` : ''
    }
  }

  private listFaces(described: Reading | undefined): void {
    const box = byId('faces')
    const wanted = this.shown.length > 1 ? this.shown.length : 0
    while (box.childElementCount > wanted) box.lastElementChild?.remove()
    while (box.childElementCount < wanted) box.append(this.makeChoice(box.childElementCount))
    Array.from(box.children).forEach((button, index) => {
      const face = this.shown[index]
      button.textContent = `Face ${identityOf(face, index) + 1}`
      button.setAttribute('aria-pressed', String(face === described))
      button.setAttribute('aria-label', `${button.textContent}: ${captionOf(face)}`)
    })
  }

  private makeChoice(index: number): HTMLButtonElement {
    const button = document.createElement('button')
    button.onclick = () => {
      this.chosen = identityOf(this.shown[index], index)
      this.show(this.shown, true)
    }
    return button
  }

  /** Tells screen readers: every picture, and changes of live video, not more often than one can listen to. */
  private speak(face: Reading | undefined, isPicture: boolean): void {
    const text = face ? `${face.expression}${face.uncertain ? ', not sure' : ''}` : 'no face'
    const spoken = byId('spoken')
    if (!isPicture && (spoken.textContent === text || performance.now() - this.spokenAt < SPEAK_EVERY_MS)) return
    spoken.textContent = ''
    spoken.textContent = text
    this.spokenAt = performance.now()
  }
}

function identityOf(face: Reading, index: number): number {
  return face.track_id < 0 ? index : face.track_id
}

function sentenceOf(face: Reading | undefined): string {
  if (face === undefined) return 'No face is seen.'
  const percent = `${Math.round(face.probability * 100)} %`
  return face.uncertain ? `${percent}: the model is not sure.` : `${percent} sure.`
}
