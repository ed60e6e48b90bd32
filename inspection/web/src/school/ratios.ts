/** What the declared figures say, in words, of the requirements that they decide (附件1, 1.2.1 and 1.2.2). */

import type { Figures, Rubric } from '../rules/rubric'

export interface Ratio {
  readonly met: boolean
  readonly text: string
}

function figuresClause(rubric: Rubric, kind: (figures: Figures) => boolean): { item: string; figures: Figures } | null {
  for (const { code, clauses } of rubric.items.values()) {
    for (const { figures } of clauses) if (figures && kind(figures)) return { item: code, figures }
  }
  return null
}

/** Students per device of a stage; null while a figure is missing or nothing is asked of the stage. */
export function devicesOf(
  rubric: Rubric,
  stage: string,
  students: number | null,
  devices: number | null,
): Ratio | null {
  const found = figuresClause(rubric, (figures) => figures.atMost[stage] !== undefined)
  const most = found?.figures.atMost[stage]
  if (!found || most === undefined || students === null || devices === null) return null
  const met = students <= most * devices
  const have = devices === 0 ? '没有终端' : `每 ${tenths(students, devices)} 人一台`
  const short = met ? '' : `，还差 ${Math.ceil(students / most) - devices} 台`
  return { met, text: `${met ? '✓ 达到' : '✗ 未达到'}（${found.item}：不多于 ${most} 人一台）：现在${have}${short}。` }
}

/** Teacher computers against teachers; null while a figure is missing. */
export function teachersOf(rubric: Rubric, teachers: number | null, computers: number | null): Ratio | null {
  const found = figuresClause(rubric, (figures) => figures.kind === 'teacher_computers')
  if (!found || teachers === null || computers === null) return null
  const met = computers >= teachers
  const short = met ? '' : `，还差 ${teachers - computers} 台`
  return {
    met,
    text: `${met ? '✓ 达到' : '✗ 未达到'}（${found.item}：教师人手一台）：${teachers} 名教师，${computers} 台${short}。`,
  }
}

/** A quotient to one decimal, rounded up: 10.01 must not read as 10. */
function tenths(of: number, by: number): string {
  return String(Math.ceil((of * 10) / by) / 10)
}
