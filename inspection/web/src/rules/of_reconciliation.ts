/** The case of a visit whose sheets are signed, from what the service tells its lead: to see at once what a ruling does. */

import type { Pack, Reconciliation } from '../api/types'
import type { Answer, Answers, Case, Rules, School } from './case'
import { hundredths } from './points'
import type { Rubric } from './rubric'

/** The numbers of the cycle, from the visit's pack. */
export function rulesOf(pack: Pack): Rules {
  const { score_step, spread_tolerance, discrepancy_share, evidence_required, grades } = pack.rules
  return {
    scoreStep: hundredths(score_step),
    spreadTolerance: hundredths(spread_tolerance),
    discrepancyShare: discrepancy_share,
    evidenceRequired: evidence_required,
    grades: grades
      .map(({ grade, title, min_total, clauses }) => ({
        name: grade,
        title,
        minTotal: hundredths(min_total),
        requirements: clauses,
      }))
      .sort((one, other) => other.minTotal - one.minTotal),
  }
}

/**
 * The case, were `ruling` made on top of those in force. What the school says of itself is left out: it decides no
 * grade. `applied` is not told before the decision, so that nothing is said of what will be awarded.
 */
export function caseOf(
  reconciliation: Reconciliation,
  rubric: Rubric,
  rules: Rules,
  school: School,
  ruling?: { readonly item: string; readonly answer: Answer },
): Case {
  const people = reconciliation.signed.map((owner) => owner.inspector_id)
  const rulings: Record<string, Answer> = {}
  for (const { item, rule, agreed_points, clauses } of reconciliation.items) {
    const ruled = clauses.filter((clause) => clause.source === 'ruling')
    if (rule !== 'ruling' && ruled.length === 0) continue
    rulings[item] = {
      points: rule === 'ruling' && agreed_points !== null ? hundredths(agreed_points) : null,
      clauses: Object.fromEntries(ruled.map((clause) => [clause.name, clause.verdict])),
    }
  }
  if (ruling) rulings[ruling.item] = merged(rulings[ruling.item], ruling.answer)
  return {
    rubric,
    rules,
    school,
    rulings,
    applied: '',
    selfAssessment: {},
    evidence: {},
    sheets: people.map((person) => sheetOf(reconciliation, person)),
  }
}

function merged(before: Answer | undefined, answer: Answer): Answer {
  const clauses = { ...before?.clauses, ...answer.clauses }
  return { points: answer.points ?? before?.points ?? null, clauses }
}

function sheetOf(reconciliation: Reconciliation, person: string): Answers {
  const answers: Record<string, Answer> = {}
  for (const { item, sheets } of reconciliation.items) {
    const score = sheets.find((each) => each.inspector_id === person)
    if (score)
      answers[item] = { points: score.points === null ? null : hundredths(score.points), clauses: score.clauses }
  }
  return answers
}
