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
    this.show(this.video)
    this.setMirrored(isMirrored)
  }

  showPicture(bitmap: ImageBitmap): void {
    this.fillPicture(bitmap, bitmap.width, bitmap.height)
    this.show(this.picture)
    this.setMirrored(false)
  }

  /** Keeps the frame that is shown, before the video lets go of it. */
  keepFrame(): void {
    if (this.video.hidden || this.video.videoWidth === 0) return
    this.fillPicture(this.video, this.video.videoWidth, this.video.videoHeight)
    this.video.hidden = true
    this.picture.hidden = false
  }

  /** Shows nothing. */
  hide(): void {
    for (const element of [this.video, this.picture]) element.hidden = true
    byId('empty').hidden = false
  }

  clearReadings(): void {
    this.last = undefined
    this.overlay.getContext('2d')?.clearRect(0, 0, this.overlay.width, this.overlay.height)
  }

  setMirrored(isMirrored: boolean): void {
    this.isMirrored = isMirrored
    for (const element of [this.video, this.picture]) element.classList.toggle('mirrored', isMirrored)
    if (this.last) this.draw(this.last)
  }

  draw(result: Result): void {
    this.last = result
    const { width, height } = result
    if (this.overlay.width !== width) this.overlay.width = width
    if (this.overlay.height !== height) this.overlay.height = height
    const context = this.overlay.getContext('2d')
    context?.clearRect(0, 0, width, height)
    if (context) drawReadings(context, result.faces, this.isMirrored)
  }

  /** Returns what is seen, readings included, as a PNG. */
  async snapshot(): Promise<Blob> {
    const canvas = document.createElement('canvas')
    canvas.width = this.overlay.width
    canvas.height = this.overlay.height
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('This browser gives no canvas.')
    context.save()
    if (this.isMirrored) context.transform(-1, 0, 0, 1, canvas.width, 0)
    context.drawImage(this.video.hidden ? this.picture : this.video, 0, 0, canvas.width, canvas.height)
    context.restore()
    context.drawImage(this.overlay, 0, 0)
    return new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('This picture cannot be saved.'))))
    })
  }

  private fillPicture(source: CanvasImageSource, width: number, height: number): void {
    this.picture.width = width
    this.picture.height = height
    this.picture.getContext('2d')?.drawImage(source, 0, 0)
  }

  private show(shown: HTMLElement): void {
    for (const element of [this.video, this.picture]) element.hidden = element !== shown
    byId('empty').hidden = true
    this.clearReadings()
  }
}
