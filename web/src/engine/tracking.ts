// Who is who over time, by place and size alone; Python's tracker also compares looks, and follows faces between detections.

import type { Face } from './face'
import type { TrackingFacts } from './facts'

interface Track {
  id: number
  x: number
  y: number
  side: number
  seen_s: number
}

export class Tracker {
  private tracks: Track[] = []
  private nextId = 0
  private last_s = -Infinity

  constructor(private readonly spec: TrackingFacts) {}

  /** Returns the identity of every face, in their order. Nearest pairs are joined first. */
  update(faces: Face[], time_s: number): number[] {
    this.tracks = this.tracks.filter((track) => this.isKept(track, time_s))
    this.last_s = time_s
    const places = faces.map(placeOf)
    const pairs = this.tracks
      .flatMap((track) => places.map((place, face) => ({ track, face, cost: this.cost(track, place, time_s) })))
      .filter((pair) => Number.isFinite(pair.cost))
      .sort((one, other) => one.cost - other.cost)
    const trackOf = new Map<number, Track>()
    const taken = new Set<Track>()
    for (const { track, face } of pairs) {
      if (taken.has(track) || trackOf.has(face)) continue
      taken.add(track)
      trackOf.set(face, track)
    }
    return places.map((place, face) => {
      const track = trackOf.get(face) ?? this.open()
      Object.assign(track, place, { seen_s: time_s })
      return track.id
    })
  }

  /** Forgets all faces; identities go on counting. */
  reset(): void {
    this.tracks = []
  }

  get knownIds(): number[] {
    return this.tracks.map((track) => track.id)
  }

  private open(): Track {
    const track = { id: this.nextId++, x: 0, y: 0, side: 0, seen_s: 0 }
    this.tracks.push(track)
    return track
  }

  /** Lost for a short while, or in the last frame, however slowly frames come. */
  private isKept(track: Track, time_s: number): boolean {
    const { keep_lost_s, longest_step_s } = this.spec
    const keep_s = track.seen_s === this.last_s ? Math.max(keep_lost_s, longest_step_s) : keep_lost_s
    return time_s - track.seen_s <= keep_s
  }

  /** Distance in sides plus difference in size; infinite where it must be somebody else. */
  private cost(track: Track, place: { x: number; y: number; side: number }, time_s: number): number {
    const gap = this.spec.keep_lost_s ? Math.min(1, (time_s - track.seen_s) / this.spec.keep_lost_s) : 0
    const distance = Math.hypot(place.x - track.x, place.y - track.y) / Math.min(place.side, track.side)
    const ratio = Math.abs(Math.log(place.side / track.side))
    const isPossible = distance <= this.spec.max_jump_sides * (1 + gap) && ratio <= Math.log(this.spec.max_size_ratio)
    return isPossible ? distance + ratio : Infinity
  }
}

function placeOf({ box_xyxy: [x1, y1, x2, y2] }: Face): { x: number; y: number; side: number } {
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, side: Math.max(1, (x2 - x1 + y2 - y1) / 2) }
}
