// 000's protocol in the reader's own browser; the file it saves is what `mien benchmark browser` reads.

import { Client } from '../engine/client'
import { type Facts, fetchJson } from '../engine/facts'
import type { Timing } from '../engine/messages'
import type { Picture } from '../engine/pixels'
import { byId } from './elements'
import { save, stamp } from './save'
import './style.css'

const PER_LABEL = 5
const NUM_PICTURES = 35
const REPEATS = 10
const SIDE_PX = 48
const FORMAT_VERSION = 1

interface Row extends Timing {
  bundle: string
  file: string
  average_ms: { mean: number; sd: number }
  p50_ms: number
  p95_ms: number
  /** Of the whole page, in MB; null where the browser does not tell. */
  heap_mb: number | null
}

interface Drawn {
  pictures: Picture[]
  source: string
}

let drawn: Drawn = generated()
let rows: Row[] = []

async function main(): Promise<void> {
  const facts = await fetchJson<Facts>('mien.json')
  if (!facts.on_device) throw new Error(`Nothing can be measured here: ${facts.not_on_device_because}.`)
  for (const id of ['run', 'folder']) byId<HTMLButtonElement>(id).disabled = false
  byId('device').textContent = Object.entries(describeDevice())
    .map(([name, value]) => `${name}: ${value}`)
    .join(' · ')
  byId('run').onclick = () => attempt(() => measureAll(facts))
  byId('folder').onchange = () => attempt(async () => choose(Array.from(byId<HTMLInputElement>('folder').files ?? [])))
  byId('json').onclick = () => save(`mien-benchmark-${stamp()}.json`, JSON.stringify(resultOf(facts)), 'application/json')
  byId('csv').onclick = () => save(`mien-benchmark-${stamp()}.csv`, toCsv(), 'text/csv')
}

async function attempt(act: () => Promise<void>): Promise<void> {
  byId('message').textContent = ''
  try {
    await act()
  } catch (error) {
    byId('message').textContent = error instanceof Error ? error.message : String(error)
  }
}

/** Noise from a fixed seed (xorshift32): every device measures the same levels. */
function generated(): Drawn {
  let state = 2463534242
  const pictures = Array.from({ length: NUM_PICTURES }, () => {
    const data = new Uint8Array(SIDE_PX * SIDE_PX * 4)
    for (let index = 0; index < data.length; index++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      data[index] = state & 255
    }
    return { width: SIDE_PX, height: SIDE_PX, data }
  })
  return { pictures, source: 'noise, xorshift32 2463534242' }
}

/** Takes five pictures of each folder, as the protocol does of each expression; of a folder without folders, 35. */
async function choose(files: File[]): Promise<void> {
  const pictures = files.filter((file) => file.type.startsWith('image/'))
  const folders = [...new Set(pictures.map(folderOf))]
  const perFolder = folders.length > 1 ? PER_LABEL : NUM_PICTURES
  const inFolder = (folder: string) => pictures.filter((file) => folderOf(file) === folder)
  const chosen = folders.flatMap((folder) => inFolder(folder).slice(0, perFolder)).slice(0, NUM_PICTURES)
  if (chosen.length < NUM_PICTURES) {
    throw new Error(`${chosen.length} pictures were found, and the protocol needs ${NUM_PICTURES}: five in each of seven folders, or 35 in one.`)
  }
  drawn = { pictures: await Promise.all(chosen.map(decode)), source: 'own folder' }
  byId('source').textContent = `${NUM_PICTURES} of ${pictures.length} own pictures. They stay on this device.`
}

function folderOf(file: File): string {
  return file.webkitRelativePath.split('/').slice(0, -1).join('/')
}

async function decode(file: File): Promise<Picture> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' })
  const { width, height } = bitmap
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('This browser gives no canvas.')
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  return { width, height, data: context.getImageData(0, 0, width, height).data }
}

async function measureAll(facts: Facts): Promise<void> {
  const jobs = facts.bundles.flatMap((bundle) => bundle.files.map((file) => ({ bundle: bundle.name, file })))
  const progress = byId<HTMLProgressElement>('progress')
  progress.max = jobs.length * REPEATS
  progress.value = 0
  rows = []
  byId('rows').replaceChildren()
  byId<HTMLButtonElement>('run').disabled = true
  try {
    for (const [index, job] of jobs.entries()) {
      rows.push(await measure(job.bundle, job.file, (done) => (progress.value = index * REPEATS + done)))
      byId('rows').append(tableRow(rows[rows.length - 1]))
    }
  } finally {
    byId<HTMLButtonElement>('run').disabled = false
  }
  for (const id of ['json', 'csv']) byId<HTMLButtonElement>(id).disabled = false
}

/** Measures one file in a worker of its own, which holds nothing else. */
async function measure(bundle: string, file: string, onProgress: (done: number) => void): Promise<Row> {
  const client = new Client(onProgress)
  try {
    const base = new URL('./', document.baseURI).href
    const timing = await client.call<Timing>({ kind: 'time', base, bundle, file, crops: drawn.pictures, repeats: REPEATS })
    const averages = timing.runs.map((run) => run.reduce((sum, ms) => sum + ms, 0) / run.length)
    const sorted = timing.runs.flat().sort((one, other) => one - other)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]
    return { ...timing, bundle, file, average_ms: spreadOf(averages), p50_ms: at(0.5), p95_ms: at(0.95), heap_mb: heapMb() }
  } finally {
    client.close()
  }
}

function spreadOf(values: number[]): { mean: number; sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 }
}

function heapMb(): number | null {
  const memory = (performance as { memory?: { usedJSHeapSize: number } }).memory
  return memory ? memory.usedJSHeapSize / 1e6 : null
}

function describeDevice(): Record<string, string | number> {
  const known = navigator as { deviceMemory?: number; userAgentData?: { platform: string; mobile: boolean } }
  return {
    browser: navigator.userAgent,
    platform: known.userAgentData?.platform ?? navigator.platform,
    threads: navigator.hardwareConcurrency,
    memory_gb: known.deviceMemory ?? 'not told',
    screen: `${screen.width}x${screen.height} at ${devicePixelRatio}`,
  }
}

function resultOf(facts: Facts): object {
  const protocol = { pictures: NUM_PICTURES, repeats: REPEATS, source: drawn.source, threads: 1, accelerator: 'wasm' }
  const time = new Date().toISOString()
  return { kind: 'mien browser benchmark', version: FORMAT_VERSION, mien: facts.mien, time, protocol, device: describeDevice(), rows }
}

const CELLS: [string, (row: Row) => string][] = [
  ['model', (row) => `${row.bundle}:${row.file}`],
  ['average_ms', (row) => `${row.average_ms.mean.toFixed(2)} ± ${row.average_ms.sd.toFixed(2)}`],
  ['p50_ms', (row) => row.p50_ms.toFixed(2)],
  ['p95_ms', (row) => row.p95_ms.toFixed(2)],
  ['load_ms', (row) => row.load_ms.toFixed(0)],
  ['first_ms', (row) => row.first_ms.toFixed(1)],
  ['mb', (row) => (row.bytes / 1e6).toFixed(2)],
]

function tableRow(row: Row): HTMLTableRowElement {
  const made = document.createElement('tr')
  for (const [name, text] of CELLS) {
    const cell = made.insertCell()
    cell.textContent = text(row)
    if (name !== 'model') cell.className = 'number'
  }
  return made
}

function toCsv(): string {
  const head = ['bundle', 'file', 'average_ms', 'sd_ms', 'p50_ms', 'p95_ms', 'load_ms', 'first_ms', 'bytes', 'heap_mb']
  const lines = rows.map((row) => [
    row.bundle, row.file, row.average_ms.mean, row.average_ms.sd, row.p50_ms, row.p95_ms, row.load_ms, row.first_ms, row.bytes,
    row.heap_mb ?? '',
  ]) // prettier-ignore
  return [head, ...lines].map((cells) => cells.join(',')).join('\r\n') + '\r\n'
}

void attempt(main)
