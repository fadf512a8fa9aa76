// The page's end of the worker: a call is a promise.

import type { Answer, Call } from './messages'

export class Client {
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url))
  private readonly waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  private nextId = 0
  /** Why there are no more answers. */
  private end: Error | undefined

  constructor(private readonly onProgress: (done: number) => void = () => {}) {
    this.worker.onmessage = (event: MessageEvent<Answer>) => this.settle(event.data)
    this.worker.onerror = (event) => this.fail(new Error(event.message || 'The worker could not be started.'))
  }

  call<T>(call: Call): Promise<T> {
    if (this.end) return Promise.reject(this.end)
    const id = this.nextId++
    const bitmaps = 'bitmap' in call ? [call.bitmap] : []
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      this.worker.postMessage({ id, call }, bitmaps)
    })
  }

  close(): void {
    this.worker.terminate()
    this.fail(new Error('Closed.'))
  }

  private settle(answer: Answer): void {
    if ('result' in answer && answer.id < 0) return this.onProgress((answer.result as { done: number }).done)
    const promise = this.waiting.get(answer.id)
    this.waiting.delete(answer.id)
    if ('error' in answer) promise?.reject(new Error(answer.error))
    else promise?.resolve(answer.result as never)
  }

  private fail(error: Error): void {
    this.end = error
    for (const { reject } of this.waiting.values()) reject(error)
    this.waiting.clear()
  }
}
