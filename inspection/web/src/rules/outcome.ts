/** The outcome of a case: what is agreed, where that parts from the self-assessment, and the grade. */

import type { Case } from './case'
import { discrepancies, type Discrepancy } from './discrepancies'
import { decide, standing, type GradeDecision } from './grading'
import { reconcile, type AgreedItem } from './reconciliation'

/** All that follows from a case; `decision` is null while any points or applicable clause is undecided. */
export interface Outcome {
  readonly items: ReadonlyMap<string, AgreedItem>
  readonly discrepancies: readonly Discrepancy[]
  readonly decision: GradeDecision | null
}

/** The outcome of a case: a pure function, held to the same vectors as Python's `inspection.rules.outcome.assess`. */
export function assess(input: Case): Outcome {
  const items = reconcile(input)
  const where = standing(input.rubric, items)
  const decision = where && decide(input, items, where)
  return { items, discrepancies: discrepancies(input, items, where), decision }
}
