/** The merge of the signed score sheets of one visit into agreed points and verdicts. */

import { applicableClauses, figuresVerdict, pointsOf, verdictOf, type Case } from './case'
import { meanHalfUp } from './points'

export type Rule = 'ruling' | 'mean' | 'unscored' | 'inspectors_differ'
export type Source = 'ruling' | 'figures' | 'sheets' | 'unscored' | 'inspectors_differ'

/** A verdict (null: undecided) and where it comes from. */
export interface AgreedClause {
  readonly verdict: boolean | null
  readonly source: Source
}

/** What is agreed on one item: points in hundredths (null: undecided), and the applicable clauses by name. */
export interface AgreedItem {
  readonly points: number | null
  readonly rule: Rule
  readonly clauses: ReadonlyMap<string, AgreedClause>
}

/** A ruling; else nobody scored; else the mean where the inspectors are within the tolerance; else undecided. */
export function agreePoints(
  ruling: number | null,
  scores: readonly (number | null)[],
  spreadTolerance: number,
): { points: number | null; rule: Rule } {
  if (ruling !== null) return { points: ruling, rule: 'ruling' }
  const given = scores.filter((score) => score !== null)
  if (given.length === 0) return { points: null, rule: 'unscored' }
  if (Math.max(...given) - Math.min(...given) <= spreadTolerance) return { points: meanHalfUp(given), rule: 'mean' }
  return { points: null, rule: 'inspectors_differ' }
}

/** A ruling; else the figures unless somebody answers otherwise; else what all who answered say. */
export function agreeClause(
  ruling: boolean | null,
  figures: boolean | null,
  verdicts: readonly (boolean | null)[],
): AgreedClause {
  if (ruling !== null) return { verdict: ruling, source: 'ruling' }
  if (figures !== null) {
    return verdicts.includes(!figures)
      ? { verdict: null, source: 'inspectors_differ' }
      : { verdict: figures, source: 'figures' }
  }
  const [yes, no] = [verdicts.includes(true), verdicts.includes(false)]
  if (yes && no) return { verdict: null, source: 'inspectors_differ' }
  return yes || no ? { verdict: yes, source: 'sheets' } : { verdict: null, source: 'unscored' }
}

/** What is agreed on every item of the rubric, in its order. */
export function reconcile({ rubric, rules, school, sheets, rulings }: Case): ReadonlyMap<string, AgreedItem> {
  const agreed = new Map<string, AgreedItem>()
  for (const [code, item] of rubric.items) {
    const scores = sheets.map((sheet) => pointsOf(sheet, code))
    const clauses = new Map<string, AgreedClause>()
    for (const clause of applicableClauses(item, school)) {
      const said = sheets.map((sheet) => verdictOf(sheet, code, clause.name))
      clauses.set(clause.name, agreeClause(verdictOf(rulings, code, clause.name), figuresVerdict(clause, school), said))
    }
    agreed.set(code, { ...agreePoints(pointsOf(rulings, code), scores, rules.spreadTolerance), clauses })
  }
  return agreed
}
