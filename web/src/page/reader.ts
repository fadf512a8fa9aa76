// Who reads a picture: the worker on this device, or the server over REST and a WebSocket. Both give the same results.

import { Client } from '../engine/client'
import type { Facts } from '../engine/facts'
import type { Accelerator } from '../engine/litert'
import type { Result } from '../engine/reading'

export interface Reader {
  readonly labels: string[]
  /** Reads a single picture. The bitmap, which shows the file upright, is used up. */
  readPicture(bitmap: ImageBitmap, file: Blob): Promise<Result>
  /** Reads the next frame; the bitmap is used up. */
  readFrame(bitmap: ImageBitmap, time_s: number): Promise<Result>
  /** What comes next is of another source. */
  reset(): Promise<void>
  close(): void
}

export class LocalReader implements Reader {
  private constructor(
    private readonly client: Client,
    readonly labels: string[],
    /** Whether the whole network runs where it was asked to; LiteRT leaves to the processor what a GPU cannot do. */
    readonly isFullyAccelerated: boolean,
  ) {}

  static async open(facts: Facts, bundle: string, file: string, accelerator: Accelerator): Promise<LocalReader> {
    const client = new Client()
    const base = new URL('./', document.baseURI).href
    try {
      const call = { kind: 'open', base, facts, bundle, file, accelerator } as const
      const { labels, isFullyAccelerated } = await client.call<{ labels: string[]; isFullyAccelerated: boolean }>(call)
      return new LocalReader(client, labels, isFullyAccelerated)
    } catch (error) {
      client.close()
      throw error
    }
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
/** What the server decodes; other pictures are sent as PNG. */
const SENT_AS_THEY_ARE = ['image/jpeg', 'image/png', 'image/webp', 'image/bmp', 'image/gif']

/** Live frames go over one WebSocket, pictures over REST. The server decides who is who, and steadies labels. */
export class ServerReader implements Reader {
  private socket: WebSocket | undefined
  private answer: { resolve: (result: Result) => void; reject: (error: Error) => void } | undefined
  private isClosed = false

  private constructor(
    readonly labels: string[],
    private readonly bundle: string,
    private readonly file: string,
    private readonly key: () => string,
  ) {}

  static async open(bundle: string, file: string, key: () => string): Promise<ServerReader> {
    const response = await ask('v1/models', { headers: keyHeader(key()) })
    if (response.status === 401) throw new Error('This server asks for a key. Enter it in the settings.')
    const values = await response.json()
    if (!response.ok) throw new Error(values.error)
    const model = values.models.find((one: { name: string }) => one.name === bundle)
    return new ServerReader(model.labels, bundle, file, key)
  }

  async readPicture(bitmap: ImageBitmap, file: Blob): Promise<Result> {
    const started = performance.now()
    const query = new URLSearchParams({ model: this.bundle, file: this.file })
    const body = SENT_AS_THEY_ARE.includes(file.type) ? file : await encode(bitmap, 'image/png')
    bitmap.close()
    const headers = { ...keyHeader(this.key()), 'Content-Type': body.type }
    const response = await ask(`v1/predict?${query}`, { method: 'POST', body, headers })
    const values = await response.json()
    if (!response.ok) throw new Error(values.error)
    const [result] = values.results
    const faces = result.faces.map((face: object) => ({ ...face, track_id: -1 }))
    return { ...result, faces, time_s: 0, detect_ms: performance.now() - started, classify_ms: 0, num_dropped: 0 }
  }

  async readFrame(bitmap: ImageBitmap, time_s: number): Promise<Result> {
    const started = performance.now()
    const frame = await encode(bitmap, 'image/jpeg')
    bitmap.close()
    const socket = await this.connected()
    const result = await new Promise<Result>((resolve, reject) => {
      this.answer = { resolve, reject }
      socket.send(frame)
    })
    return { ...result, time_s, detect_ms: performance.now() - started, classify_ms: 0 }
  }

  /** The next connection knows nothing of this one, and the server has room for another client meanwhile. */
  async reset(): Promise<void> {
    this.socket?.close()
    this.socket = undefined
  }

  close(): void {
    this.isClosed = true
    void this.reset()
  }

  private async connected(): Promise<WebSocket> {
    if (this.isClosed) throw new Error('Closed.')
    if (this.socket?.readyState === WebSocket.OPEN) return this.socket
    const address = new URL('v1/stream', document.baseURI)
    address.protocol = address.protocol.replace('http', 'ws')
    address.search = String(new URLSearchParams({ model: this.bundle, file: this.file, key: this.key() }))
    const socket = new WebSocket(address)
    this.socket = socket
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve()
      const hint = this.key() ? ' Is the key right?' : ''
      socket.onerror = () => reject(new Error(`The server does not answer, or refuses live video.${hint}`))
    })
    const isCurrent = () => socket === this.socket
    socket.onmessage = (event) => isCurrent() && this.settle(JSON.parse(event.data))
    socket.onclose = (event) => isCurrent() && this.settle({ error: `The server ended the connection (${event.reason || event.code}).` })
    return socket
  }

  private settle(values: Result | { error: string }): void {
    const answer = this.answer
    this.answer = undefined
    if ('error' in values) answer?.reject(new Error(values.error))
    else answer?.resolve(values)
  }
}

function keyHeader(key: string): Record<string, string> {
  if (/[^\x20-\x7e]/.test(key)) throw new Error('A key has letters, digits and signs of ASCII alone.')
  return key ? { 'X-API-Key': key } : {}
}

/** Asks the server; what browsers say of a server that is gone helps nobody. */
async function ask(address: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address, request)
  } catch {
    throw new Error('The server does not answer.')
  }
}

async function encode(bitmap: ImageBitmap, type: string): Promise<Blob> {
  const canvas = document.createElement('canvas')
  canvas.width = bitmap.width
  canvas.height = bitmap.height
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('This picture cannot be sent.'))), type, JPEG_QUALITY)
  })
}
