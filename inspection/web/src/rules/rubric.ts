/** The rubric (附件1) as the phone works with it: the API's answer, with points in hundredths and items by code. */

import { hundredths } from './points'

export type Stage = 'primary' | 'junior' | 'senior'

/** What the declared numbers decide: teacher computers ≥ teachers (1.2.1), or students per device (1.2.2). */
export interface Figures {
  readonly kind: string
  readonly atMost: Readonly<Partial<Record<string, number>>>
}

/** A requirement of an item that is met or not, apart from the points. No `stages` means every school. */
export interface Clause {
  readonly item: string
  readonly name: string
  readonly requirement: string
  readonly text: string
  readonly stages: readonly string[]
  readonly figures: Figures | null
}

/** A 评估内容: what is scored, from 0 to `points` hundredths. */
export interface Item {
  readonly code: string
  readonly indicator: string
  readonly group: string
  readonly points: number
  readonly text: string
  readonly starred: boolean
  readonly clauses: readonly Clause[]
}

/** A 二级指标. */
export interface Indicator {
  readonly code: string
  readonly group: string
  readonly name: string
  readonly points: number
  readonly items: readonly Item[]
}

/** A 一级指标. */
export interface Group {
  readonly code: string
  readonly name: string
  readonly points: number
  readonly indicators: readonly Indicator[]
}

/** A rubric; `sha256` names this very version, `items` keeps the notice's order. */
export interface Rubric {
  readonly name: string
  readonly title: string
  readonly sha256: string
  readonly points: number
  readonly groups: readonly Group[]
  readonly indicators: readonly Indicator[]
  readonly items: ReadonlyMap<string, Item>
}

/** The answer of GET /api/rubric, as far as the rules need it. */
export interface RubricData {
  readonly name: string
  readonly title: string
  readonly sha256: string
  readonly points: number
  readonly groups: readonly {
    readonly code: string
    readonly name: string
    readonly points: number
    readonly indicators: readonly {
      readonly code: string
      readonly name: string
      readonly points: number
      readonly items: readonly ItemData[]
    }[]
  }[]
}

interface ItemData {
  readonly code: string
  readonly points: number
  readonly text: string
  readonly starred: boolean
  readonly clauses: readonly {
    readonly name: string
    readonly requirement: string
    readonly text: string
    readonly stages: readonly string[]
    readonly figures: { readonly kind: string; readonly at_most: Readonly<Record<string, number>> } | null
  }[]
}

/** The rubric that the API's answer describes. */
export function readRubric(data: RubricData): Rubric {
  const groups = data.groups.map((group) => ({
    code: group.code,
    name: group.name,
    points: hundredths(group.points),
    indicators: group.indicators.map((indicator) => ({
      code: indicator.code,
      group: group.code,
      name: indicator.name,
      points: hundredths(indicator.points),
      items: indicator.items.map((item) => readItem(item, indicator.code, group.code)),
    })),
  }))
  const indicators = groups.flatMap((group) => group.indicators)
  const items = new Map(indicators.flatMap((indicator) => indicator.items).map((item) => [item.code, item]))
  const { name, title, sha256 } = data
  return { name, title, sha256, points: hundredths(data.points), groups, indicators, items }
}

function readItem(item: ItemData, indicator: string, group: string): Item {
  return {
    code: item.code,
    indicator,
    group,
    points: hundredths(item.points),
    text: item.text,
    starred: item.starred,
    clauses: item.clauses.map(({ name, requirement, text, stages, figures }) => ({
      item: item.code,
      name,
      requirement,
      text,
      stages,
      figures: figures && { kind: figures.kind, atMost: figures.at_most },
    })),
  }
}
