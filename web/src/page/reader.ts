// Who reads a picture: the worker on this device, or the server over a WebSocket. Both give the same results.

import { Client } from '../engine/client'
import type { Facts } from '../engine/facts'
import type { Accelerator } from '../engine/litert'
import type { Result } from '../engine/reading'

export interface Reader {
  readonly labels: string[]
  /** Reads a single picture; the bitmap is used up. */
  readPicture(bitmap: ImageBitmap): Promise<Result>
  /** Reads the next frame; the bitmap is used up. */
  readFrame(bitmap: ImageBitmap, time_s: number): Promise<Result>
  /** Another source begins. */
  reset(): Promise<void>
  close(): void
}

export class LocalReader implements Reader {
  private constructor(
    private readonly client: Client,
    readonly labels: string[],
  ) {}

  static async open(facts: Facts, bundle: string, file: string, accelerator: Accelerator): Promise<LocalReader> {
    const client = new Client()
    const base = new URL('./', document.baseURI).href
    const { labels } = await client.call<{ labels: string[] }>({ kind: 'open', base, facts, bundle, file, accelerator })
    return new LocalReader(client, labels)
  }

  readPicture(bitmap: ImageBitmap): Promise<Result> {
    return this.client.call({ kind: 'picture', bitmap })
  }

  readFrame(bitmap: ImageBitmap, time_s: number): Promise<Result> {
    return this.client.call({ kind: 'frame', bitmap, time_s })
  }

  async reset(): Promise<void> {
    await this.client.call({ kind: 'reset' })
  }

  close(): void {
    this.client.close()
  }
}

const JPEG_QUALITY = 0.9

/** Live frames go over one WebSocket, pictures over REST. The server decides who is who, and steadies labels. */
export class ServerReader implements Reader {
  private socket: WebSocket | undefined
  private answer: { resolve: (result: Result) => void; reject: (error: Error) => void } | undefined

  constructor(
    readonly labels: string[],
    private readonly bundle: string,
    private readonly file: string,
    private readonly key: () => string,
  ) {}

  static async open(bundle: string, file: string, key: () => string): Promise<ServerReader> {
    const response = await fetch('v1/models', { headers: keyHeader(key()) })
    const values = await response.json()
    if (!response.ok) throw new Error(values.error)
    const model = values.models.find((one: { name: string }) => one.name === bundle)
    return new ServerReader(model.labels, bundle, file, key)
  }

  async readPicture(bitmap: ImageBitmap): Promise<Result> {
    const started = performance.now()
    const query = new URLSearchParams({ model: this.bundle, file: this.file })
    // Lossless, so that the server sees the very pixels.
    const body = await encode(bitmap, 'image/png')
    const response = await fetch(`v1/predict?${query}`, { method: 'POST', body, headers: keyHeader(this.key()) })
    const values = await response.json()
    if (!response.ok) throw new Error(values.error)
    const [result] = values.results
    const faces = result.faces.map((face: object) => ({ ...face, track_id: -1 }))
    return { ...result, faces, time_s: 0, detect_ms: performance.now() - started, classify_ms: 0, num_dropped: 0 }
  }

  async readFrame(bitmap: ImageBitmap, time_s: number): Promise<Result> {
    const started = performance.now()
    const frame = await encode(bitmap, 'image/jpeg')
    const socket = await this.connected()
    const result = await new Promise<Result>((resolve, reject) => {
      this.answer = { resolve, reject }
      socket.send(frame)
    })
    return { ...result, time_s, detect_ms: performance.now() - started, classify_ms: 0 }
  }

  async reset(): Promise<void> {
    this.close() // the next connection knows nothing of this one
  }

  close(): void {
    this.socket?.close()
    this.socket = undefined
  }

  private async connected(): Promise<WebSocket> {
    if (this.socket?.readyState === WebSocket.OPEN) return this.socket
    const address = new URL('v1/stream', document.baseURI)
    address.protocol = address.protocol.replace('http', 'ws')
    address.search = String(new URLSearchParams({ model: this.bundle, file: this.file, key: this.key() }))
    const socket = new WebSocket(address)
    socket.binaryType = 'arraybuffer'
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve()
      socket.onerror = () => reject(new Error('The server does not answer, or refuses live video. Is the key right?'))
    })
    socket.onmessage = (event) => this.settle(JSON.parse(event.data))
    socket.onclose = (event) => this.answer?.reject(new Error(`The server ended the connection (${event.reason || event.code}).`))
    this.socket = socket
    return socket
  }

  private settle(values: Result & { error?: string }): void {
    if (values.error === undefined) this.answer?.resolve(values)
    else this.answer?.reject(new Error(values.error))
    this.answer = undefined
  }
}

function keyHeader(key: string): Record<string, string> {
  return key ? { 'X-API-Key': key } : {}
}

async function encode(bitmap: ImageBitmap, type: string): Promise<Blob> {
  const canvas = document.createElement('canvas')
  canvas.width = bitmap.width
  canvas.height = bitmap.height
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
  bitmap.close()
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('This picture cannot be sent.'))), type, JPEG_QUALITY)
  })
}
