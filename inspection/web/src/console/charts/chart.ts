/** What a chart shows, and its table: the same figures for eyes, screen readers and Excel. */

import type { EChartsCoreOption } from 'echarts/core'

export type Cell = string | number | null

export interface ChartTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** The colours that a chart is drawn with, as the page has them now: text, lines, grounds, and a row for series. */
export interface Palette {
  readonly text: string
  readonly quiet: string
  readonly line: string
  readonly card: string
  readonly series: readonly string[]
}

/** Of a kind in light and in dark, and told apart also by who sees no red or green. */
const SERIES = {
  light: ['#1456b8', '#c26a00', '#14703a', '#8b3fa8', '#b3261e', '#566070', '#00838f', '#9a6b00', '#5e8c1f', '#a8326e'],
  dark: ['#82b1ff', '#ffc069', '#7bd69c', '#d3a4e8', '#ff9a92', '#a9b2bf', '#6fd5e0', '#e0cf6a', '#b9d97a', '#f2a0c8'],
}

export function palette(dark: boolean): Palette {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    text: colour('text'),
    quiet: colour('quiet'),
    line: colour('line'),
    card: colour('card'),
    series: SERIES[dark ? 'dark' : 'light'],
  }
}

/** The option with what all charts have in common: colours, type, tooltips that need no style in the page. */
export function dressed(option: EChartsCoreOption, colours: Palette): EChartsCoreOption {
  const { tooltip, ...rest } = option
  return {
    animationDuration: 300,
    color: [...colours.series],
    textStyle: { color: colours.text, fontFamily: 'system-ui, "Noto Sans CJK SC", sans-serif' },
    backgroundColor: colours.card,
    ...rest,
    // As HTML a tooltip would carry its style inline, which the pages' policy refuses.
    tooltip: {
      renderMode: 'richText',
      confine: true,
      backgroundColor: colours.card,
      borderColor: colours.line,
      textStyle: { color: colours.text },
      ...(tooltip as object | undefined),
    },
  }
}
