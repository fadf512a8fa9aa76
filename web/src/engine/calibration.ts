/** Softens (above 1) or sharpens a file's probabilities: softmax(log(scores) / temperature). */
export function calibrate(scores: ArrayLike<number>, temperature: number): number[] {
  const logits = Array.from(scores, (score) => Math.log(Math.max(score, 1e-30)) / temperature)
  const highest = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - highest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

/** Index of the highest value; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index
  return best
}
