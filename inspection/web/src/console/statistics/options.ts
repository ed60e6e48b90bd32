/** What the charts of the statistics share: axes in the page's colours, shares as people read them. */

import type { ScopeStatistics, Statistics } from '../../api/types'
import type { Palette } from '../charts/chart'

export const GRID = { left: 8, right: 24, top: 40, bottom: 8, containLabel: true }

export function amounts(colours: Palette, name = ''): object {
  return {
    type: 'value',
    name,
    nameTextStyle: { color: colours.quiet },
    axisLabel: { color: colours.quiet },
    splitLine: { lineStyle: { color: colours.line } },
  }
}

/** Amounts of what there is no half of. */
export function counts(colours: Palette, name = ''): object {
  return { ...amounts(colours, name), minInterval: 1 }
}

export function names(colours: Palette, data: readonly string[], more: object = {}): object {
  return { type: 'category', data, axisLabel: { color: colours.text }, axisTick: { show: false }, ...more }
}

export function legend(colours: Palette): object {
  return { textStyle: { color: colours.text }, top: 0 }
}

/** The labels of districts across a chart: every one of them, in two lines where one is too long. */
export function across(colours: Palette): object {
  return { axisLabel: { color: colours.text, interval: 0, width: 92, overflow: 'break' } }
}

/** The districts, without the city as a whole. */
export function districtsOf(found: Statistics): ScopeStatistics[] {
  return found.scopes.filter((scope) => scope.district !== null)
}

/** A share as per cent with one place; nothing where there is none. */
export function percent(share: number | null): number | null {
  return share === null ? null : Math.round(share * 1000) / 10
}

export function rounded(value: number, places = 2): number {
  return Number(value.toFixed(places))
}

/** So many days from the visit to its closing, in words. */
export function daysText(least: number, most: number | null): string {
  if (most === null) return `${String(least)} 天及以上`
  if (most === 0) return '当天'
  return least === most ? (least === 1 ? '次日' : `${String(least)} 天`) : `${String(least)}–${String(most)} 天`
}
