/** What a score sheet lacks before it can be signed, and what is worth asking the inspector once more. */

import { applicableClauses, pointsOf, verdictOf, type Answers, type School } from './case'
import type { Item, Rubric } from './rubric'

/** What is missing on one item. */
export interface Missing {
  readonly item: string
  readonly points: boolean
  readonly clauses: readonly string[]
}

/** What an item still needs; null where nothing. A clause that declared figures decide may stay unanswered. */
export function missingOf(item: Item, school: School, answers: Answers): Missing | null {
  const points = pointsOf(answers, item.code) === null
  const clauses = applicableClauses(item, school)
    .filter((clause) => !clause.figures && verdictOf(answers, item.code, clause.name) === null)
    .map((clause) => clause.name)
  return points || clauses.length > 0 ? { item: item.code, points, clauses } : null
}

/** Every assigned item without points, and every applicable clause of one without a verdict, in rubric order. */
export function missingFromSheet(
  rubric: Rubric,
  school: School,
  answers: Answers,
  assigned: ReadonlySet<string>,
): Missing[] {
  return [...rubric.items.values()].flatMap((item) => {
    const missing = assigned.has(item.code) ? missingOf(item, school, answers) : null
    return missing ? [missing] : []
  })
}

/** The sum of the points given, in hundredths. */
export function sumOf(rubric: Rubric, answers: Answers): number {
  return [...rubric.items.keys()].reduce((sum, code) => sum + (pointsOf(answers, code) ?? 0), 0)
}

/** Points and clauses are independent; what is odd together is asked about: none with a clause met, or all with one unmet. */
export function oddity(item: Item, answers: Answers): 'zero_but_met' | 'full_but_unmet' | null {
  const points = pointsOf(answers, item.code)
  const verdicts = Object.values(answers[item.code]?.clauses ?? {})
  if (points === 0 && verdicts.includes(true)) return 'zero_but_met'
  return points === item.points && verdicts.includes(false) ? 'full_but_unmet' : null
}
