/** Points as integers in hundredths of a point (200 is 2 points), as Python's rules have them: sums are exact. */

const HUNDRED = 100

/** A number of the API (2, 1.5, 0.33: at most two decimals) in hundredths. */
export function hundredths(points: number): number {
  return Math.round(points * HUNDRED)
}

/** Hundredths as the number that the API speaks and people read: 150 → 1.5. */
export function asNumber(points: number): number {
  return points / HUNDRED
}

/** The mean of non-negative scores, rounded half up to a whole hundredth. */
export function meanHalfUp(scores: readonly number[]): number {
  const sum = scores.reduce((total, score) => total + score, 0)
  return Math.floor((2 * sum + scores.length) / (2 * scores.length))
}

/** What may be given for an item, from 0 to its points in steps, all in hundredths. */
export function scale(points: number, step: number): number[] {
  return Array.from({ length: Math.floor(points / step) + 1 }, (_, number) => number * step)
}
