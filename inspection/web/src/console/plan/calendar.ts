/** The half days of the visits: the working days of the cycle's September, week by week. */

import { today } from '../../shared/words'

export type Half = 'morning' | 'afternoon'

export interface Slot {
  readonly date: string
  readonly half: Half
}

export const HALVES: readonly { readonly half: Half; readonly name: string }[] = [
  { half: 'morning', name: '上午' },
  { half: 'afternoon', name: '下午' },
]

/** By time: -1 or 1 as for sorting, 0 in the same half day. */
export const byTime = (one: Slot, other: Slot): number =>
  one.date.localeCompare(other.date) || other.half.localeCompare(one.half)

const DAY_MS = 86_400_000
const NAMES = ['周日', '周一', '周二', '周三', '周四', '周五', '周六']

const at = (day: string) => Date.parse(`${day}T00:00:00Z`)
const dayOf = (moment: number) => new Date(moment).toISOString().slice(0, 10)
const weekday = (day: string) => new Date(at(day)).getUTCDay()

/** The first and the last day, in Shanghai; what closes at a moment does not include it. */
export function spanOf(opens: string, closes: string): { first: string; last: string } {
  return { first: today(new Date(opens)), last: today(new Date(Date.parse(closes) - 1)) }
}

/** All days between two, both included, that are working days or among `also`. */
export function daysBetween(first: string, last: string, also: ReadonlySet<string> = new Set()): string[] {
  const days: string[] = []
  for (let moment = at(first); moment <= at(last); moment += DAY_MS) {
    const day = dayOf(moment)
    if ((weekday(day) > 0 && weekday(day) < 6) || also.has(day)) days.push(day)
  }
  return days
}

/**
 * The days in weeks from Monday on, each as many columns wide as any needs (a weekend is shown only where there is
 * something on it); null where the week has a day that is none of these.
 */
export function weeksOf(days: readonly string[]): (string | null)[][] {
  const column = (day: string) => (weekday(day) + 6) % 7
  const width = Math.max(5, ...days.map((day) => column(day) + 1))
  const weeks = new Map<string, (string | null)[]>()
  for (const day of days) {
    const monday = dayOf(at(day) - column(day) * DAY_MS)
    const week = weeks.get(monday) ?? Array<string | null>(width).fill(null)
    week[column(day)] = day
    weeks.set(monday, week)
  }
  return [...weeks.values()]
}

/** 9月5日 周一 */
export function dayName(day: string): string {
  const [, month, date] = day.split('-').map(Number)
  return `${String(month)}月${String(date)}日 ${NAMES[weekday(day)] ?? ''}`
}

/** The half day that an arrow leads to: left and right go to the next day, up and down to the other half of the day. */
export function neighbour(days: readonly string[], { date, half }: Slot, key: string): Slot | null {
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    const wanted: Half = key === 'ArrowUp' ? 'morning' : 'afternoon'
    return wanted === half ? null : { date, half: wanted }
  }
  const next = days[days.indexOf(date) + ({ ArrowLeft: -1, ArrowRight: 1 }[key] ?? Number.NaN)]
  return next === undefined ? null : { date: next, half }
}
