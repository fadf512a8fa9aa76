// Where pictures and video are shown, with readings over them.

import type { Result } from '../engine/reading'
import { byId } from './elements'
import { drawReadings } from './overlay'

export class Stage {
  readonly video = byId<HTMLVideoElement>('video')
  private readonly picture = byId<HTMLCanvasElement>('picture')
  private readonly overlay = byId<HTMLCanvasElement>('overlay')
  private isMirrored = false
  private last: Result | undefined

  /** Shows the video element, mirrored or not. */
  showVideo(isMirrored: boolean): void {
    this.show(this.video, isMirrored)
  }

  showPicture(bitmap: ImageBitmap): void {
    this.picture.width = bitmap.width
    this.picture.height = bitmap.height
    this.picture.getContext('2d')?.drawImage(bitmap, 0, 0)
    this.show(this.picture, false)
  }

  setMirrored(isMirrored: boolean): void {
    this.isMirrored = isMirrored
    this.video.classList.toggle('mirrored', isMirrored)
    if (this.last) this.draw(this.last)
  }

  draw(result: Result): void {
    this.last = result
    const { width, height } = result
    if (this.overlay.width !== width) this.overlay.width = width
    if (this.overlay.height !== height) this.overlay.height = height
    const context = this.overlay.getContext('2d')
    context?.clearRect(0, 0, width, height)
    if (context) drawReadings(context, result.faces, width, this.isMirrored)
  }

  /** Returns what is seen, readings included, as a PNG. */
  async snapshot(): Promise<Blob> {
    const shown = this.video.hidden ? this.picture : this.video
    const canvas = document.createElement('canvas')
    canvas.width = this.overlay.width
    canvas.height = this.overlay.height
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('This browser gives no canvas.')
    context.save()
    if (this.isMirrored) context.transform(-1, 0, 0, 1, canvas.width, 0)
    context.drawImage(shown, 0, 0, canvas.width, canvas.height)
    context.restore()
    context.drawImage(this.overlay, 0, 0)
    return new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('This picture cannot be saved.'))))
    })
  }

  private show(shown: HTMLElement, isMirrored: boolean): void {
    for (const element of [this.video, this.picture]) element.hidden = element !== shown
    byId('empty').hidden = true
    this.last = undefined
    this.overlay.getContext('2d')?.clearRect(0, 0, this.overlay.width, this.overlay.height)
    this.setMirrored(isMirrored)
  }
}
