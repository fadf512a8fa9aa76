// Steady labels, as mien.smoothing defines them: averaged in seconds, shown with a margin or after a hold.

import { argmax } from './calibration'
import type { SmoothingFacts } from './facts'

interface Memory {
  scores: number[]
  time_s: number
  shown: number
  /** When another label took the lead; infinite while the shown one has it. */
  behindSince_s: number
}

export class Smoother {
  private memories = new Map<number, Memory>()

  constructor(private readonly spec: SmoothingFacts) {}

  /** Returns a track's averaged scores and the index of the label to show. */
  update(trackId: number, scores: number[], time_s: number): { scores: number[]; shown: number } {
    const memory = this.memories.get(trackId)
    if (memory === undefined) {
      const best = argmax(scores)
      this.memories.set(trackId, { scores, time_s, shown: best, behindSince_s: Infinity })
      return { scores, shown: best }
    }
    const passed_s = Math.max(0, time_s - memory.time_s)
    const share = this.spec.time_constant_s === 0 ? 1 : 1 - Math.exp(-passed_s / this.spec.time_constant_s)
    memory.scores = memory.scores.map((score, index) => score + share * (scores[index] - score))
    memory.time_s = time_s
    this.pick(memory)
    return { scores: memory.scores, shown: memory.shown }
  }

  forgetAllBut(trackIds: Iterable<number>): void {
    const kept = new Set(trackIds)
    for (const trackId of this.memories.keys()) if (!kept.has(trackId)) this.memories.delete(trackId)
  }

  private pick(memory: Memory): void {
    const leader = argmax(memory.scores)
    const lead = memory.scores[leader] - memory.scores[memory.shown]
    memory.behindSince_s = Math.min(memory.behindSince_s, memory.time_s)
    const hasWaited = memory.time_s - memory.behindSince_s >= this.spec.hold_s
    if (leader === memory.shown || lead >= this.spec.margin || hasWaited) {
      memory.shown = leader
      memory.behindSince_s = Infinity
    }
  }
}
