// Which reader a page gets: the device's own where it can, else the server's, with the reason.

import type { Facts } from '../engine/facts'
import type { Accelerator } from '../engine/litert'
import { LocalReader, type Reader, ServerReader } from './reader'

export interface Choice {
  bundle: string
  file: string
  accelerator: Accelerator
  key: () => string
}

export interface Chosen {
  reader: Reader
  isLocal: boolean
  /** For the line at the top of the page. */
  where: string
  /** What a person should know; empty where all is as chosen. */
  note: string
}

const LOCAL = 'Reads on this device'

export async function chooseReader(facts: Facts, choice: Choice): Promise<Chosen> {
  let reason = facts.not_on_device_because
  if (facts.on_device) {
    try {
      return await openLocal(facts, choice)
    } catch (error) {
      reason = messageOf(error)
      if (!facts.has_server) throw new Error(`This browser cannot read faces by itself: ${reason}`)
    }
  }
  const reader = await ServerReader.open(choice.bundle, choice.file, choice.key)
  return { reader, isLocal: false, where: `Reads on the server: ${reason}`, note: '' }
}

/** Opens the worker; a GPU that does not work out is left for the processor, and never for the server. */
async function openLocal(facts: Facts, { bundle, file, accelerator }: Choice): Promise<Chosen> {
  if (accelerator === 'webgpu') {
    try {
      const reader = await LocalReader.open(facts, bundle, file, 'webgpu')
      const note = reader.isFullyAccelerated ? '' : 'Part of this network runs on the processor: the GPU cannot do all of it.'
      return { reader, isLocal: true, where: `${LOCAL}, with WebGPU`, note }
    } catch (error) {
      const reader = await LocalReader.open(facts, bundle, file, 'wasm')
      return { reader, isLocal: true, where: LOCAL, note: `WebGPU does not run this network (${messageOf(error)}); the processor does.` }
    }
  }
  return { reader: await LocalReader.open(facts, bundle, file, 'wasm'), isLocal: true, where: LOCAL, note: '' }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
