// The page: one source at a time, read by the worker or the server, shown, and kept for saving.

import { type Facts, fetchJson } from '../engine/facts'
import type { Accelerator } from '../engine/litert'
import type { Result } from '../engine/reading'
import { closeCamera, listCameras, openCamera } from './camera'
import { byId } from './elements'
import { type Figures, Live } from './live'
import { Panel } from './panel'
import { LocalReader, type Reader, ServerReader } from './reader'
import { Journal, save, stamp } from './save'
import { Stage } from './stage'
import { Timeline } from './timeline'
import './style.css'

const ACCEPTED = 'mien.accepted'
const LOCAL = 'Reads on this device'
const PRIVATE = 'Pictures are read in this page, on this device. None is sent, none is stored.'
const SENT = 'Pictures are sent to the server that this page came from, read there in memory, and not stored.'

class Page {
  private readonly stage = new Stage()
  private readonly panel = new Panel()
  private readonly timeline = new Timeline(byId<HTMLCanvasElement>('timeline'))
  private reader: Reader | undefined
  private live: Live | undefined
  private camera: MediaStream | undefined
  private journal = new Journal('')
  private isLocal = true

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
    await this.openReader()
  }

  private listen(): void {
    const on = (id: string, kind: string, act: () => Promise<void> | void) => byId(id).addEventListener(kind, () => this.attempt(act))
    on('camera', 'click', () => this.startCamera())
    on('stop', 'click', () => this.stop())
    on('file', 'change', () => this.openChosen())
    on('model', 'change', () => this.openReader())
    on('accelerator', 'change', () => this.openReader())
    on('key', 'change', () => this.openReader())
    on('device', 'change', () => (this.camera ? this.startCamera() : undefined))
    on('mirror', 'change', () => this.stage.setMirrored(this.camera !== undefined && mirrors()))
    on('snapshot', 'click', async () => save(`mien-${stamp()}.png`, await this.stage.snapshot()))
    on('csv', 'click', () => save(`mien-${stamp()}.csv`, this.journal.toCsv(this.reader?.labels ?? []), 'text/csv'))
    on('json', 'click', () => save(`mien-${stamp()}.json`, this.journal.toJson(), 'application/json'))
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
      if (file && this.reader) this.attempt(() => this.openFile(file))
    })
  }

  /** Runs what a person asked for; what goes wrong is said in the page. */
  private async attempt(act: () => Promise<void> | void): Promise<void> {
    byId('message').textContent = ''
    try {
      await act()
    } catch (error) {
      this.say(error)
    }
  }

  private say(error: unknown): void {
    byId('message').textContent = error instanceof Error ? error.message : String(error)
  }

  /** Opens the chosen model; what plays goes on with it. */
  private async openReader(): Promise<void> {
    const [bundle, file] = byId<HTMLSelectElement>('model').value.split('/')
    this.setEnabled(false)
    this.live?.stop()
    this.reader?.close()
    this.reader = await this.makeReader(bundle, file)
    byId('privacy').textContent = this.isLocal ? PRIVATE : SENT
    byId('notice-where').textContent = this.isLocal ? PRIVATE : SENT
    this.panel.setLabels(this.reader.labels)
    this.timeline.setLabels(this.reader.labels)
    this.setEnabled(true)
    if (this.live) this.play()
  }

  private async makeReader(bundle: string, file: string): Promise<Reader> {
    let reason = this.facts.not_on_device_because
    if (this.facts.on_device) {
      try {
        const accelerator = byId<HTMLSelectElement>('accelerator').value as Accelerator
        const reader = await LocalReader.open(this.facts, bundle, file, accelerator)
        this.setWhere(true, LOCAL)
        return reader
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
        if (!this.facts.has_server) throw new Error(`This browser cannot read faces by itself: ${reason}`)
      }
    }
    const reader = await ServerReader.open(bundle, file, () => byId<HTMLInputElement>('key').value)
    this.setWhere(false, `Reads on the server: ${reason}`)
    return reader
  }

  private setWhere(isLocal: boolean, text: string): void {
    this.isLocal = isLocal
    const where = byId('where')
    where.textContent = text
    where.classList.toggle('here', isLocal)
    where.classList.toggle('away', !isLocal)
  }

  private setEnabled(isEnabled: boolean): void {
    for (const id of ['camera', 'file']) byId<HTMLButtonElement>(id).disabled = !isEnabled
  }

  private async startCamera(): Promise<void> {
    if (!(await agreed())) return
    this.stop()
    const select = byId<HTMLSelectElement>('device')
    this.camera = await openCamera(select.value)
    await listCameras(select)
    const { video } = this.stage
    video.srcObject = this.camera
    video.loop = false
    await this.begin('camera')
    this.camera?.getTracks()[0].addEventListener('ended', () => {
      this.stop()
      this.say(new Error('The camera was disconnected, or taken away.'))
    })
  }

  private async openChosen(): Promise<void> {
    const input = byId<HTMLInputElement>('file')
    const file = input.files?.[0]
    input.value = ''
    if (file) await this.openFile(file)
  }

  private async openFile(file: File): Promise<void> {
    this.stop()
    if (file.type.startsWith('video/')) await this.openVideo(file)
    else await this.openPicture(file)
  }

  private async openVideo(file: File): Promise<void> {
    const { video } = this.stage
    video.src = URL.createObjectURL(file)
    await this.begin(file.name)
  }

  /** Plays what the video element was given. */
  private async begin(name: string): Promise<void> {
    const { video } = this.stage
    try {
      await video.play()
    } catch {
      this.stop()
      throw new Error(`${name}: this browser cannot play it. Try MP4 (H.264) or WebM.`)
    }
    this.journal = new Journal(name)
    this.timeline.clear()
    this.stage.showVideo(this.camera !== undefined && mirrors())
    await this.reader?.reset()
    video.onended = () => this.stop()
    byId('stop').hidden = false
    this.play()
  }

  private play(): void {
    if (this.reader === undefined) return
    const show = (result: Result, figures: Figures) => this.show(result, figures)
    this.live = new Live(this.stage.video, this.reader, show, (error) => {
      this.stop()
      this.say(error)
    })
    this.live.start()
  }

  /** Ends what plays; its last frame and its readings stay. */
  private stop(): void {
    this.live?.stop()
    this.live = undefined
    const { video } = this.stage
    video.pause()
    if (this.camera) closeCamera(this.camera)
    this.camera = undefined
    video.srcObject = null
    if (video.src) URL.revokeObjectURL(video.src)
    video.removeAttribute('src')
    byId('stop').hidden = true
  }

  private async openPicture(file: File): Promise<void> {
    let bitmap: ImageBitmap
    try {
      // Turned by its EXIF orientation, and with the levels that are in the file.
      bitmap = await createImageBitmap(file, { imageOrientation: 'from-image', colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
    } catch {
      throw new Error(`${file.name}: not a picture that this browser can read. Try JPEG, PNG or WebP.`)
    }
    this.journal = new Journal(file.name)
    this.timeline.clear()
    this.stage.showPicture(bitmap)
    const result = await this.reader?.readPicture(bitmap)
    if (result) this.show(result)
  }

  private show(result: Result, figures?: Figures): void {
    this.stage.draw(result)
    this.panel.show(result.faces)
    this.journal.add(result)
    byId('timeline').hidden = figures === undefined
    if (figures) this.timeline.add(result)
    byId('figures').textContent = figures
      ? `${figures.framesPerSecond.toFixed(1)} frames/s · ${figures.latency_ms.toFixed(0)} ms per frame (${times(result, this.isLocal)})`
      : `${result.width} × ${result.height} pixels · ${times(result, this.isLocal)}`
    byId('rows').textContent = this.journal.isFull ? `${this.journal.size} (full)` : String(this.journal.size)
    for (const id of ['snapshot', 'csv', 'json']) byId<HTMLButtonElement>(id).disabled = false
  }
}

function times(result: Result, isLocal: boolean): string {
  if (!isLocal) return `${result.detect_ms.toFixed(0)} ms there and back`
  return `find ${result.detect_ms.toFixed(1)} ms, read ${result.classify_ms.toFixed(1)} ms`
}

async function hasWebGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } }
  return (await gpu?.requestAdapter().catch(() => null)) != null
}

function mirrors(): boolean {
  return byId<HTMLInputElement>('mirror').checked
}

/** Asks before the camera starts for the first time; only that it was agreed is remembered. */
async function agreed(): Promise<boolean> {
  if (localStorage.getItem(ACCEPTED) === 'yes') return true
  const notice = byId<HTMLDialogElement>('notice')
  notice.returnValue = 'no'
  notice.showModal()
  await new Promise((resolve) => notice.addEventListener('close', resolve, { once: true }))
  if (notice.returnValue !== 'yes') return false
  localStorage.setItem(ACCEPTED, 'yes')
  return true
}

async function main(): Promise<void> {
  if ('serviceWorker' in navigator) void navigator.serviceWorker.register('sw.js').catch(() => {}) // without it the page works, online
  try {
    await new Page(await fetchJson<Facts>('mien.json')).start()
  } catch (error) {
    byId('where').textContent = 'Cannot start'
    byId('message').textContent = error instanceof Error ? error.message : String(error)
  }
}

void main()
