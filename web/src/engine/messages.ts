// What the page asks the worker, and what it answers.

import type { Facts } from './facts'
import type { Accelerator } from './litert'
import type { Levels, Picture } from './pixels'

export type Call =
  | { kind: 'open'; base: string; facts: Facts; bundle: string; file: string; accelerator: Accelerator }
  | { kind: 'reset' }
  | { kind: 'picture'; bitmap: ImageBitmap }
  | { kind: 'frame'; bitmap: ImageBitmap; time_s: number }
  | { kind: 'crop'; crop: Levels }
  | { kind: 'time'; base: string; bundle: string; file: string; crops: Picture[]; repeats: number }

/** `id` is the call's; -1 tells of progress. */
export type Answer = { id: number; result: unknown } | { id: number; error: string }

export interface Timing {
  load_ms: number
  first_ms: number
  /** One list of milliseconds per repeat, one value per picture. */
  runs: number[][]
  /** Memory of the runtime and this model; null where it does not tell. */
  wasm_mb: number | null
  bytes: number
  sha256: string
}
