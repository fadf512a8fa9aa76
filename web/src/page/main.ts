// The page: one source at a time, read by the worker or the server, shown, and kept for saving.

import { type Facts, fetchJson } from '../engine/facts'
import type { Accelerator } from '../engine/litert'
import type { Result } from '../engine/reading'
import { closeCamera, listCameras, openCamera } from './camera'
import { chooseReader, messageOf } from './choose_reader'
import { agreed, PRIVATE, SENT } from './consent'
import { byId } from './elements'
import { type Figures, Live } from './live'
import { Panel } from './panel'
import type { Reader } from './reader'
import { Journal, save, stamp } from './save'
import { Stage } from './stage'
import { Timeline } from './timeline'
import './style.css'

class Page {
  private readonly stage = new Stage()
  private readonly panel = new Panel()
  private readonly timeline = new Timeline(byId<HTMLCanvasElement>('timeline'))
  private reader: Reader | undefined
  private isLocal = true
  private live: Live | undefined
  private camera: MediaStream | undefined
  private source = ''
  /** The picture that is shown, if one is: another model reads it again. */
  private picture: File | undefined
  private journal = new Journal('', '', [])
  /** Rises whenever another source is asked for, or the end of one: whoever began before and still waits must give up. */
  private turn = 0
  /** The same for models. */
  private choice = 0

  constructor(private readonly facts: Facts) {}

  async start(): Promise<void> {
    const model = byId<HTMLSelectElement>('model')
    for (const bundle of this.facts.bundles) {
      for (const file of bundle.files) model.add(new Option(`${bundle.name}, ${file}`, `${bundle.name}/${file}`))
    }
    const [first] = this.facts.bundles
    model.value = `${first.name}/${first.quick_file}`
    byId('docs').hidden = !this.facts.has_server
    byId('key-row').hidden = !this.facts.needs_key
    // A choice, not the default: networks this small gain little from a GPU that every picture must first be sent to.
    byId('accelerator-row').hidden = !(await hasWebGpu())
    byId('version').textContent = `mien ${this.facts.mien}`
    this.listen()
    await this.attempt(() => this.openReader())
  }

  private listen(): void {
    const on = (id: string, kind: string, act: () => Promise<void> | void) => byId(id).addEventListener(kind, () => this.attempt(act))
    on('camera', 'click', () => this.startCamera())
    on('stop', 'click', () => void this.stop())
    on('file', 'change', () => this.openChosen())
    for (const id of ['model', 'accelerator', 'key']) on(id, 'change', () => this.openReader())
    on('device', 'change', () => (this.camera ? this.startCamera() : undefined))
    on('mirror', 'change', () => this.stage.setMirrored(this.source === 'camera' && mirrors()))
    on('snapshot', 'click', async () => save(`mien-${stamp()}.png`, await this.stage.snapshot()))
    on('csv', 'click', () => save(`mien-${stamp()}.csv`, this.journal.toCsv()))
    on('json', 'click', () => save(`mien-${stamp()}.json`, this.journal.toJson()))
    const stage = byId('stage')
    stage.addEventListener('dragover', (event) => {
      event.preventDefault()
      stage.classList.add('dropping')
    })
    stage.addEventListener('dragleave', () => stage.classList.remove('dropping'))
    stage.addEventListener('drop', (event) => {
      event.preventDefault()
      stage.classList.remove('dropping')
      const file = event.dataTransfer?.files[0]
      if (file && this.reader) void this.attempt(() => this.openFile(file))
    })
  }

  /** Runs what a person asked for; what goes wrong is said in the page. */
  private async attempt(act: () => Promise<void> | void): Promise<void> {
    this.say('')
    try {
      await act()
    } catch (error) {
      this.say(messageOf(error))
    }
  }

  private say(message: string): void {
    byId('message').textContent = message
  }

  /** Opens the chosen model; what plays goes on with it, unless its frames would now go elsewhere. */
  private async openReader(): Promise<void> {
    const choice = ++this.choice
    const wasLocal = this.isLocal
    this.setEnabled(false)
    this.live?.stop()
    this.reader?.close()
    this.reader = undefined
    const [bundle, file] = byId<HTMLSelectElement>('model').value.split('/')
    const accelerator = byId<HTMLSelectElement>('accelerator').value as Accelerator
    const key = () => byId<HTMLInputElement>('key').value
    try {
      const chosen = await chooseReader(this.facts, { bundle, file, accelerator, key })
      if (choice !== this.choice) return chosen.reader.close()
      this.reader = chosen.reader
      this.setWhere(chosen.isLocal, chosen.where)
      this.say(chosen.note)
    } catch (error) {
      if (choice !== this.choice) return
      this.stop()
      byId('where').textContent = 'Cannot read yet'
      throw error
    }
    this.panel.setLabels(this.reader.labels)
    this.timeline.setLabels(this.reader.labels)
    this.setEnabled(true)
    if (wasLocal && !this.isLocal && (this.live || this.picture)) {
      this.stop()
      this.picture = undefined
      this.openJournal()
      throw new Error('Reading was stopped: what is seen would now be sent to the server. Start it again if you agree.')
    }
    if (this.live) this.play()
    else if (this.picture) await this.readPicture(this.picture, this.turn)
    else this.openJournal()
  }

  private setWhere(isLocal: boolean, text: string): void {
    this.isLocal = isLocal
    const where = byId('where')
    where.textContent = text
    where.classList.toggle('here', isLocal)
    where.classList.toggle('away', !isLocal)
    byId('privacy').textContent = isLocal ? PRIVATE : SENT
  }

  private setEnabled(isEnabled: boolean): void {
    for (const id of ['camera', 'file']) byId<HTMLButtonElement>(id).disabled = !isEnabled
  }

  private async startCamera(): Promise<void> {
    if (!(await agreed(this.isLocal))) return
    const turn = this.stop()
    this.picture = undefined
    const select = byId<HTMLSelectElement>('device')
    const camera = await openCamera(select.value)
    if (turn !== this.turn) return closeCamera(camera)
    this.camera = camera
    this.stage.video.srcObject = camera
    camera.getTracks()[0].addEventListener('ended', () => {
      if (this.camera !== camera) return
      this.stop()
      this.say('The camera was disconnected, or taken away.')
    })
    await this.begin('camera', turn)
    await listCameras(select)
  }

  private async openChosen(): Promise<void> {
    const input = byId<HTMLInputElement>('file')
    const file = input.files?.[0]
    input.value = ''
    if (file) await this.openFile(file)
  }

  private async openFile(file: File): Promise<void> {
    if (!this.isLocal && !(await agreed(false))) return
    const turn = this.stop()
    this.picture = isVideo(file) ? undefined : file
    if (this.picture) return this.readPicture(this.picture, turn)
    this.stage.video.src = URL.createObjectURL(file)
    await this.begin(file.name, turn)
  }

  /** Plays what the video element was given. */
  private async begin(name: string, turn: number): Promise<void> {
    const { video } = this.stage
    try {
      await video.play()
    } catch {
      if (turn !== this.turn) return // something else was asked for meanwhile
      this.stop()
      throw new Error(`${name}: this browser cannot play it. Try MP4 (H.264) or WebM.`)
    }
    if (turn !== this.turn) return
    if (video.videoWidth === 0) {
      this.stop()
      throw new Error(`${name}: holds no pictures, or none that this browser can play.`)
    }
    this.source = name
    this.stage.showVideo(this.camera !== undefined && mirrors())
    video.onended = () => this.stop()
    byId('stop').hidden = false
    this.play()
  }

  /** Reads what plays, as a new source. */
  private play(): void {
    this.live?.stop()
    if (this.reader === undefined) return
    this.openJournal()
    const { reader } = this
    const live = new Live(this.stage.video, reader, (result, figures) => this.show(result, figures), (error) => {
      this.stop()
      this.say(messageOf(error))
    }) // prettier-ignore
    this.live = live
    void reader.reset().then(() => live.start(), () => {}) // prettier-ignore - a reader that was closed meanwhile has a successor
  }

  /** Begins anew with a source or a model; nothing that was read before stays beside it. */
  private openJournal(): void {
    this.journal = new Journal(this.source, byId<HTMLSelectElement>('model').value, this.reader?.labels ?? [])
    this.timeline.clear()
    this.stage.clearReadings()
    this.panel.clear()
    byId('timeline').hidden = true
    byId('figures').textContent = ''
    byId('rows').textContent = '0'
    for (const id of ['snapshot', 'csv', 'json']) byId<HTMLButtonElement>(id).disabled = true
  }

  /** Ends what plays, or is about to; its last frame and its readings stay. Returns the new turn. */
  private stop(): number {
    this.live?.stop()
    this.live = undefined
    const { video } = this.stage
    video.pause()
    this.stage.keepFrame()
    if (this.camera) closeCamera(this.camera)
    this.camera = undefined
    video.srcObject = null
    if (video.src) URL.revokeObjectURL(video.src)
    video.removeAttribute('src')
    const stop = byId('stop')
    if (document.activeElement === stop) byId('camera').focus()
    stop.hidden = true
    void this.reader?.reset().catch(() => {}) // closed meanwhile
    return ++this.turn
  }

  private async readPicture(file: File, turn: number): Promise<void> {
    let bitmap: ImageBitmap
    try {
      // Turned by its EXIF orientation, and with the levels that are in the file.
      bitmap = await createImageBitmap(file, { imageOrientation: 'from-image', colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
    } catch {
      throw new Error(`${file.name}: not a picture that this browser can read. Try JPEG, PNG or WebP.`)
    }
    const { reader } = this
    if (turn !== this.turn || reader === undefined) return bitmap.close() // without a reader: the one that is being opened will read it
    this.source = file.name
    this.openJournal()
    this.checkSize(bitmap, file.name)
    this.stage.showPicture(bitmap)
    try {
      const result = await reader.readPicture(bitmap, file)
      if (turn === this.turn && reader === this.reader) this.show(result)
    } catch (error) {
      if (reader === this.reader) throw error // else it was closed, and its successor reads the picture
    }
  }

  /** Refuses what Python refuses; larger pictures fit no canvas. */
  private checkSize(bitmap: ImageBitmap, name: string): void {
    const { width, height } = bitmap
    const { min_side_px, max_pixels } = this.facts.pictures
    const size = `${name}: is ${width}x${height} pixels`
    let problem = ''
    if (Math.min(width, height) < min_side_px) problem = `${size}. A picture needs at least ${min_side_px}x${min_side_px}.`
    if (width * height > max_pixels) problem = `${size}, more than ${max_pixels / 1e6} megapixels. Reduce it first.`
    if (!problem) return
    bitmap.close()
    this.stage.hide()
    this.picture = undefined
    throw new Error(problem)
  }

  private show(result: Result, figures?: Figures): void {
    this.stage.draw(result)
    const face = this.panel.show(result.faces, figures === undefined)
    this.journal.add(result)
    byId('timeline').hidden = figures === undefined
    if (figures) this.timeline.add(result.time_s, face)
    byId('figures').textContent = figures ? this.describe(figures, result) : `${result.width} × ${result.height} pixels · ${this.times(result)}`
    byId('rows').textContent = this.journal.isFull ? `${this.journal.size} (full)` : String(this.journal.size)
    for (const id of ['snapshot', 'csv', 'json']) byId<HTMLButtonElement>(id).disabled = false
  }

  private describe({ framesPerSecond, latency_ms, numDropped }: Figures, result: Result): string {
    const speed = `${framesPerSecond.toFixed(1)} frames/s · ${latency_ms.toFixed(0)} ms per frame (${this.times(result)})`
    return `${speed} · ${numDropped} frames skipped`
  }

  private times({ detect_ms, classify_ms }: Result): string {
    if (!this.isLocal) return `${detect_ms.toFixed(0)} ms there and back`
    return `find ${detect_ms.toFixed(1)} ms, read ${classify_ms.toFixed(1)} ms`
  }
}

async function hasWebGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } }
  return (await gpu?.requestAdapter().catch(() => null)) != null
}

/** By its name where the browser does not tell, as some do not for Matroska. */
function isVideo({ type, name }: File): boolean {
  return type ? type.startsWith('video/') : /\.(mp4|m4v|mov|mkv|webm|avi|ogv|mts|m2ts)$/i.test(name)
}

function mirrors(): boolean {
  return byId<HTMLInputElement>('mirror').checked
}

async function main(): Promise<void> {
  try {
    await new Page(await fetchJson<Facts>('mien.json')).start()
  } catch (error) {
    byId('where').textContent = 'Cannot start'
    byId('message').textContent = messageOf(error)
  }
  if ('serviceWorker' in navigator) await navigator.serviceWorker.register('sw.js').catch(() => {}) // without it the page works, online
}

void main()
