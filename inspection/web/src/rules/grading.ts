/** From what is agreed to a grade, with its explanation (附件1, 注). */

import type { Case, Grade, Rules } from './case'
import type { AgreedItem } from './reconciliation'
import type { Clause, Rubric } from './rubric'

/** What stands between a school and one grade: hundredths of points short, clauses unmet in rubric order. */
export interface Gap {
  readonly grade: string
  readonly pointsShort: number
  readonly clausesUnmet: readonly Clause[]
}

/** A grade and why; `attained` and `awarded` are null where no grade is reached. Points in hundredths. */
export interface GradeDecision {
  readonly total: number
  readonly attained: string | null
  readonly awarded: string | null
  readonly explanation: readonly Gap[]
  readonly shortestPath: readonly string[]
}

/** What a grade is read off: the total in hundredths, and the clauses that are unmet, in rubric order. */
export interface Standing {
  readonly total: number
  readonly unmet: readonly Clause[]
}

/** Where the school stands; null while anything is undecided. */
export function standing(rubric: Rubric, agreed: ReadonlyMap<string, AgreedItem>): Standing | null {
  let total = 0
  const unmet: Clause[] = []
  for (const [code, { points, clauses }] of agreed) {
    if (points === null) return null
    total += points
    for (const clause of rubric.items.get(code)?.clauses ?? []) {
      const known = clauses.get(clause.name)
      if (known?.verdict === null) return null
      if (known?.verdict === false) unmet.push(clause)
    }
  }
  return { total, unmet }
}

/** The highest grade whose total is reached and all of whose required clauses are met. */
export function attained(rules: Rules, { total, unmet }: Standing): Grade | null {
  const reached = rules.grades.find(
    (grade) => total >= grade.minTotal && unmet.every((clause) => !grade.requirements.includes(clause.requirement)),
  )
  return reached ?? null
}

/** The decision on a school that stands at `where`. Awarded is the lower of attained and applied-for (申报类型). */
export function decide(
  { rubric, rules, applied }: Pick<Case, 'rubric' | 'rules' | 'applied'>,
  agreed: ReadonlyMap<string, AgreedItem>,
  where: Standing,
): GradeDecision {
  const reached = attained(rules, where)
  const wanted = rules.grades.find((grade) => grade.name === applied)
  const awarded = reached && wanted && wanted.minTotal < reached.minTotal ? wanted : reached
  const above = rules.grades.filter((grade) => !reached || grade.minTotal > reached.minTotal).reverse()
  const explanation = above.map((grade) => gapTo(grade, where))
  return {
    total: where.total,
    attained: reached?.name ?? null,
    awarded: awarded?.name ?? null,
    explanation,
    shortestPath: explanation[0] ? shortestPath(rubric, agreed, explanation[0]) : [],
  }
}

/** What is missing to a grade. */
export function gapTo(grade: Grade, { total, unmet }: Standing): Gap {
  return {
    grade: grade.name,
    pointsShort: Math.max(0, grade.minTotal - total),
    clausesUnmet: unmet.filter((clause) => grade.requirements.includes(clause.requirement)),
  }
}

/**
 * The fewest items that, brought to full points and all their clauses met, close the gap: every item with an unmet
 * clause; then, while points are short, the one with the most to gain, ties in the rubric's order.
 */
export function shortestPath(rubric: Rubric, agreed: ReadonlyMap<string, AgreedItem>, gap: Gap): string[] {
  const gain = new Map([...rubric.items].map(([code, item]) => [code, item.points - (agreed.get(code)?.points ?? 0)]))
  const gainOf = (code: string) => gain.get(code) ?? 0
  const path = [...new Set(gap.clausesUnmet.map((clause) => clause.item))]
  let short = gap.pointsShort - path.reduce((sum, code) => sum + gainOf(code), 0)
  const rest = [...gain.keys()].filter((code) => !path.includes(code)).sort((a, b) => gainOf(b) - gainOf(a))
  for (const code of rest) {
    if (short <= 0) break
    path.push(code)
    short -= gainOf(code)
  }
  return path
}
