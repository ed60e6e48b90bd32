/** A case: all that a grade depends on. The same case always has the same outcome. */

import type { Clause, Item, Rubric } from './rubric'

/** The declared figures of a school (附件2); one stage or more, each once. */
export interface School {
  readonly stages: readonly { readonly stage: string; readonly students: number; readonly student_devices: number }[]
  readonly teachers: number
  readonly teacher_computers: number
}

/** What one person or the school said of an item; null or absent: not answered. Points in hundredths. */
export interface Answer {
  readonly points?: number | null
  readonly clauses?: Readonly<Record<string, boolean | null>> | null
}

/** Answers by item code. */
export type Answers = Readonly<Partial<Record<string, Answer>>>

/** A grade: at least `minTotal` hundredths, and every clause of these requirements met. */
export interface Grade {
  readonly name: string
  readonly title: string
  readonly minTotal: number
  readonly requirements: readonly string[]
}

/** The numbers of the cycle; points in hundredths, grades from the highest to the lowest. */
export interface Rules {
  readonly scoreStep: number
  readonly spreadTolerance: number
  readonly discrepancyShare: number
  readonly evidenceRequired: string
  readonly grades: readonly Grade[]
}

/** The inputs of one decision. `sheets` are the signed ones; `rulings` those in force, one an item. */
export interface Case {
  readonly rubric: Rubric
  readonly rules: Rules
  readonly applied: string
  readonly school: School
  readonly selfAssessment: Answers
  readonly sheets: readonly Answers[]
  readonly rulings: Answers
  readonly evidence: Readonly<Partial<Record<string, number>>>
}

/** The clauses of an item that apply to the school's stages, in the rubric's order. */
export function applicableClauses(item: Item, school: School): readonly Clause[] {
  const stages = school.stages.map((each) => each.stage)
  return item.clauses.filter(
    (clause) => clause.stages.length === 0 || clause.stages.some((one) => stages.includes(one)),
  )
}

/**
 * What the declared numbers say of a clause; null where it is no figures clause (附件1, 1.2.1 and 1.2.2).
 *
 * A school has at least one student a stage, so that no devices means not met.
 */
export function figuresVerdict(clause: Clause, school: School): boolean | null {
  if (clause.figures === null) return null
  if (clause.figures.kind === 'teacher_computers') return school.teacher_computers >= school.teachers
  const { atMost } = clause.figures
  return school.stages.every(({ stage, students, student_devices }) => {
    const most = atMost[stage]
    return most === undefined || students <= most * student_devices
  })
}

/** The points that were given for an item, or null. */
export function pointsOf(answers: Answers, code: string): number | null {
  return answers[code]?.points ?? null
}

/** The verdict that was given on a clause, or null. */
export function verdictOf(answers: Answers, code: string, clause: string): boolean | null {
  return answers[code]?.clauses?.[clause] ?? null
}
