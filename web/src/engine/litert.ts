// LiteRT.js: the one place that knows its interface. Runs in a classic worker, where its loader finds importScripts.

import type * as LiteRt from '@litertjs/core'

export type { LiteRt }
export type Runtime = typeof LiteRt
/** `wasm` runs everywhere; `webgpu` only where the browser has an adapter. */
export type Accelerator = 'wasm' | 'webgpu'

/** Loads the runtime from a folder; `base` ends in a slash. */
export async function loadRuntime(base: string): Promise<Runtime> {
  // Without this the .wasm is looked for beside the worker's script.
  Object.assign(self, { Module: { locateFile: (file: string) => base + file } })
  const runtime = (await import(/* @vite-ignore */ `${base}core.js`)) as Runtime
  await runtime.loadLiteRt(base)
  return runtime
}

/** Memory that the runtime has taken for itself and all its models, in MB; null where it does not tell. */
export function memoryMb(runtime: Runtime): number | null {
  const { HEAPU8 } = runtime.getGlobalLiteRt().liteRtWasm as { HEAPU8?: Uint8Array }
  return HEAPU8 ? HEAPU8.byteLength / 1e6 : null
}

/** A model file: one float32 input, some float32 outputs. */
export class Network {
  private constructor(
    private readonly runtime: Runtime,
    private readonly model: LiteRt.CompiledModel,
    private readonly inputShape: number[],
  ) {}

  static async open(runtime: Runtime, content: Uint8Array, accelerator: Accelerator): Promise<Network> {
    const model = await runtime.loadAndCompile(content, { accelerator })
    return new Network(runtime, model, Array.from(model.getInputDetails()[0].shape))
  }

  /** Runs once and returns copies of all outputs. Every tensor is deleted: the runtime's memory is not collected. */
  async run(values: Float32Array): Promise<Float32Array[]> {
    const input = new this.runtime.Tensor(values, this.inputShape)
    let outputs: LiteRt.Tensor[] = []
    try {
      outputs = await this.model.run([input])
      return await Promise.all(outputs.map(async (output) => Float32Array.from((await output.data()) as Float32Array)))
    } finally {
      for (const tensor of [input, ...outputs]) tensor.delete()
    }
  }

  /** Whether all of it runs on the accelerator; int8 files never say so, and run all the same. */
  get isFullyAccelerated(): boolean {
    return this.model.isFullyAccelerated
  }

  close(): void {
    this.model.delete()
  }
}
