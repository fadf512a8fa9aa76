// The engine in a thread of its own. A classic worker: LiteRT's loader needs importScripts.

import type { Facts } from './facts'
import { type Accelerator, loadRuntime, memoryMb, type Runtime } from './litert'
import type { Answer, Call, Timing } from './messages'
import { type Picture, takePart } from './pixels'
import { Classifier, Recognizer } from './recognizer'

let runtime: Promise<Runtime> | undefined
let recognizer: Recognizer | undefined
let canvas: OffscreenCanvas | undefined

self.onmessage = async (event: MessageEvent<{ id: number; call: Call }>) => {
  const { id, call } = event.data
  try {
    reply({ id, result: await perform(call) })
  } catch (error) {
    reply({ id, error: error instanceof Error ? error.message : String(error) })
  }
}

function reply(answer: Answer): void {
  self.postMessage(answer)
}

async function perform(call: Call): Promise<unknown> {
  switch (call.kind) {
    case 'open':
      return open(call.base, call.facts, call.bundle, call.file, call.accelerator)
    case 'reset':
      return opened().reset()
    case 'picture':
      return opened().readPicture(pixelsOf(call.bitmap))
    case 'frame':
      return opened().readFrame(pixelsOf(call.bitmap), call.time_s)
    case 'crop':
      return opened().classifier.scores(call.crop)
    case 'time':
      return time(call.base, call.bundle, call.file, call.crops, call.repeats)
  }
}

function opened(): Recognizer {
  if (recognizer === undefined) throw new Error('No model is open yet.')
  return recognizer
}

async function open(base: string, facts: Facts, bundle: string, file: string, accelerator: Accelerator): Promise<object> {
  runtime ??= loadRuntime(`${base}litert/`)
  const made = await Recognizer.open(await runtime, base, facts, bundle, file, accelerator)
  recognizer?.close()
  recognizer = made
  return { labels: made.classifier.card.labels, isFullyAccelerated: made.classifier.isFullyAccelerated }
}

/** Draws a bitmap, reads its pixels and closes it. */
function pixelsOf(bitmap: ImageBitmap): Picture {
  const { width, height } = bitmap
  if (canvas?.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false })
  if (context === null) throw new Error('This browser gives no canvas to a worker.')
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  return { width, height, data: context.getImageData(0, 0, width, height).data }
}

/** 000's protocol on one file: every picture in turn, resizing included, `repeats` times over. */
async function time(base: string, bundle: string, file: string, crops: Picture[], repeats: number): Promise<Timing> {
  runtime ??= loadRuntime(`${base}litert/`)
  const loaded = await runtime
  const started = performance.now()
  const classifier = await Classifier.open(loaded, `${base}bundles/${bundle}/`, file, 'wasm')
  const load_ms = performance.now() - started
  const { preprocess, files } = classifier.card
  const levels = crops.map((crop) => takePart(crop, { left: 0, top: 0, right: crop.width, bottom: crop.height }, preprocess.color))
  const first = performance.now()
  await classifier.scores(levels[0]) // warm-up, as a process pays it once
  const first_ms = performance.now() - first
  const runs: number[][] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const times: number[] = []
    for (const one of levels) {
      const before = performance.now()
      await classifier.scores(one)
      times.push(performance.now() - before)
    }
    runs.push(times)
    reply({ id: -1, result: { done: repeat + 1 } })
  }
  classifier.close()
  return { load_ms, first_ms, runs, wasm_mb: memoryMb(loaded), bytes: files[file].bytes, sha256: files[file].sha256 }
}
