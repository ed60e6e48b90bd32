/** Where the self-assessment and the agreed result part, and how much that matters. */

import { applicableClauses, pointsOf, verdictOf, type Case, type Rules } from './case'
import { attained, type Standing } from './grading'
import type { AgreedItem } from './reconciliation'
import type { Clause, Item } from './rubric'

/** The kinds, in the order in which rows that weigh the same are listed. */
export const KINDS = [
  'overstated',
  'understated',
  'clause_denied',
  'clause_granted',
  'figures_contradict',
  'evidence_missing',
  'inspectors_differ',
  'unscored',
  'evidence_suspect',
] as const
export type Kind = (typeof KINDS)[number]
export type Severity = 'critical' | 'major' | 'minor'

const MAJOR = 100

/** One row an item and kind. `delta` = self − agreed in hundredths, null where there is nothing to compare. */
export interface Discrepancy {
  readonly item: string
  readonly kind: Kind
  readonly delta: number | null
  readonly severity: Severity
  readonly changesGrade: boolean
}

/** All discrepancies of a case, the ones that weigh most first. `where` is null while anything is undecided. */
export function discrepancies(
  input: Case,
  agreed: ReadonlyMap<string, AgreedItem>,
  where: Standing | null,
): Discrepancy[] {
  const rows = [...agreed].flatMap(([code, result], position) => {
    const item = input.rubric.items.get(code)
    return item ? rowsOf(input, item, result, where).map((row) => ({ row, position })) : []
  })
  const key = ({ row, position }: (typeof rows)[number]) => [
    row.changesGrade ? 0 : 1,
    row.kind === 'clause_denied' ? 0 : 1,
    -Math.abs(row.delta ?? 0),
    position,
    KINDS.indexOf(row.kind),
  ]
  return rows.sort((a, b) => compare(key(a), key(b))).map(({ row }) => row)
}

function compare(one: readonly number[], other: readonly number[]): number {
  return one.map((value, place) => value - (other[place] ?? 0)).find((difference) => difference !== 0) ?? 0
}

function rowsOf(input: Case, item: Item, result: AgreedItem, where: Standing | null): Discrepancy[] {
  const { rules, selfAssessment: own } = input
  const points = pointsOf(own, item.code)
  const delta = points === null || result.points === null ? null : points - result.points
  const turned = applicableClauses(item, input.school).filter((clause) => {
    const claim = verdictOf(own, item.code, clause.name)
    return claim !== null && claim !== result.clauses.get(clause.name)?.verdict
  })
  const changesGrade = where !== null && tips(rules, where, delta ?? 0, turned, item, own)
  const kinds: Kind[] = []
  if (delta && (changesGrade || Math.abs(delta) >= threshold(rules, item))) {
    kinds.push(delta > 0 ? 'overstated' : 'understated')
  }
  for (const clause of turned) {
    const kind = clauseKind(clause, result)
    if (kind) kinds.push(kind)
  }
  if (points && needsEvidence(rules, item) && !input.evidence[item.code]) kinds.push('evidence_missing')
  const reasons = [result.rule, ...[...result.clauses.values()].map((clause) => clause.source)]
  for (const kind of ['inspectors_differ', 'unscored'] as const) if (reasons.includes(kind)) kinds.push(kind)
  return [...new Set(kinds)].map((kind) => ({
    item: item.code,
    kind,
    delta,
    severity: severity(kind, delta, changesGrade),
    changesGrade,
  }))
}

/** All else as agreed, would the school's own answers on this one item change the attained grade? */
function tips(
  rules: Rules,
  where: Standing,
  delta: number,
  turned: readonly Clause[],
  item: Item,
  own: Case['selfAssessment'],
): boolean {
  const unmet = where.unmet.filter((clause) => !turned.includes(clause))
  const denied = turned.filter((clause) => verdictOf(own, item.code, clause.name) === false)
  const asOwn = { total: where.total + delta, unmet: [...unmet, ...denied] }
  return attained(rules, asOwn)?.name !== attained(rules, where)?.name
}

/** From how many hundredths of difference on an item counts as over- or understated. */
export function threshold(rules: Rules, item: Item): number {
  return Math.max(rules.scoreStep, Math.ceil(rules.discrepancyShare * item.points))
}

/** Whether the cycle asks for a photo or file with points on this item. */
export function needsEvidence(rules: Rules, item: Item): boolean {
  return rules.evidenceRequired === 'all' || (rules.evidenceRequired === 'starred' && item.starred)
}

function clauseKind(clause: Clause, result: AgreedItem): Kind | null {
  const agreed = result.clauses.get(clause.name)
  if (!agreed || agreed.verdict === null) return null
  if (agreed.verdict) return 'clause_granted'
  return agreed.source === 'figures' ? 'figures_contradict' : 'clause_denied'
}

function severity(kind: Kind, delta: number | null, changesGrade: boolean): Severity {
  if (changesGrade || kind === 'clause_denied') return 'critical'
  return Math.abs(delta ?? 0) >= MAJOR ? 'major' : 'minor'
}
