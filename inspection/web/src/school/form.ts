/** The school's form with all that the pages show of it, following every change on the phone. */

import { computed, inject, type ComputedRef, type InjectionKey } from 'vue'
import type { CycleView, RubricView, SubmissionView } from '../api/types'
import { useLive } from '../shared/live'
import { applicableClauses, type Answers, type School } from '../rules/case'
import { hundredths } from '../rules/points'
import { readRubric, type Clause, type Item, type Rubric } from '../rules/rubric'
import { useDesk } from './app'
import type { Change, Field, File, Value } from './store/db'
import { unwritten } from './store/form'
import { CYCLE, NONE, RUBRIC, VIEW } from './sync/pull'

/** A field as it is shown: what this phone has typed, else what the service told. */
export interface Entry {
  readonly name: string
  readonly value: Value
  readonly field: Field
  /** Whether it is on this phone alone. */
  readonly waiting: boolean
  readonly refusal: string | null
}

export interface Form {
  readonly view: SubmissionView
  readonly cycle: CycleView
  readonly rubric: Rubric
  /** The declared figures as far as they are given; null where one is missing. */
  readonly figures: School | null
  /** The school with its stages and no figures: which clauses apply. */
  readonly stages: School
  readonly answers: Answers
  readonly files: readonly File[]
  /** Whether the school may write, and if not, why and whom to ask. */
  readonly editable: boolean
  readonly closed: string
  /** Whether stamped scans are taken: while the school may write, and of the submitted form until the list is handed in. */
  readonly stampable: boolean
  entry(name: string): Entry
  value(name: string): Value
}

interface Stored {
  readonly view: SubmissionView | null
  readonly cycle: CycleView | null
  readonly rubric: RubricView | null
  readonly none: string | null
  readonly fields: readonly Field[]
  readonly changes: readonly Change[]
  readonly files: readonly File[]
}

/** `form` is undefined while it is read, null where it is not on the phone; then `none` may say why. */
export interface Read {
  readonly form: Form | null | undefined
  readonly none: string | null
}

/** Reads the form, once for all pages. */
export function readForm(): ComputedRef<Read> {
  const { db } = useDesk()
  let known: { sha256: string; rubric: Rubric } | null = null
  const stored = useLive(
    async (): Promise<Stored> => ({
      view: await db.read<SubmissionView>(VIEW),
      cycle: await db.read<CycleView>(CYCLE),
      rubric: await db.read<RubricView>(RUBRIC),
      none: await db.read<string>(NONE),
      fields: await db.fields.toArray(),
      changes: await db.changes.toArray(),
      files: await db.files.toArray(),
    }),
    undefined as Stored | undefined,
  )
  return computed(() => {
    const all = stored.value
    if (!all) return { form: undefined, none: null }
    const { view, cycle, rubric: data, none } = all
    if (!view || !cycle || !data) return { form: null, none }
    if (known?.sha256 !== data.sha256) known = { sha256: data.sha256, rubric: readRubric(data) }
    return { form: formOf(all, view, cycle, known.rubric), none: null }
  })
}

export const FORM: InjectionKey<ComputedRef<Form>> = Symbol('form')

/** The form of a page that is only shown once it is on the phone. */
export function useForm(): ComputedRef<Form> {
  const form = inject(FORM)
  if (!form) throw new Error('no form')
  return form
}

const NOT_NOW: ReadonlySet<string> = new Set(['too_early', 'too_late', 'list_open', 'wrong_state'])

function formOf({ fields, changes, files }: Stored, view: SubmissionView, cycle: CycleView, rubric: Rubric): Form {
  const told = new Map(fields.map((each) => [each.name, each]))
  const typed = new Map(changes.map((each) => [each.name, each]))
  const entry = (name: string): Entry => {
    const field = told.get(name) ?? unwritten(name)
    const change = typed.get(name)
    const value = change ? change.value : field.value
    return { name, value, field, waiting: change !== undefined, refusal: change?.refusal ?? null }
  }
  const value = (name: string) => entry(name).value
  const submit = view.actions.find((each) => each.name === 'submit')
  const reasons = submit?.reasons.filter((reason) => NOT_NOW.has(reason.code)) ?? []
  const editable = submit !== undefined && reasons.length === 0
  return {
    view,
    cycle,
    rubric,
    files,
    entry,
    value,
    figures: figuresOf(view, value),
    stages: {
      stages: view.school.stages.map((stage) => ({ stage, students: 0, student_devices: 0 })),
      teachers: 0,
      teacher_computers: 0,
    },
    answers: answersOf(rubric, value),
    editable,
    stampable: editable || view.actions.some((each) => each.name === 'attach_scans' && each.possible),
    closed: submit ? reasons.map((reason) => reason.message).join('；') : `现在是“${view.state_name}”，表格只能查看。`,
  }
}

function figuresOf(view: SubmissionView, value: (name: string) => Value): School | null {
  const count = (name: string) => {
    const given = value(`/application/${name}`)
    return typeof given === 'number' ? given : null
  }
  const stages = view.school.stages.map((stage) => ({
    stage,
    students: count(`stages/${stage}/students`),
    student_devices: count(`stages/${stage}/student_devices`),
  }))
  const [teachers, computers] = [count('teachers'), count('teacher_computers')]
  const known = stages.flatMap(({ stage, students, student_devices }) =>
    students === null || student_devices === null ? [] : [{ stage, students, student_devices }],
  )
  if (teachers === null || computers === null || known.length < stages.length) return null
  return { stages: known, teachers, teacher_computers: computers }
}

/** The self-assessment as the rules read it: points in hundredths. */
function answersOf(rubric: Rubric, value: (name: string) => Value): Answers {
  const answers: Record<string, { points: number | null; clauses: Record<string, boolean> }> = {}
  for (const { code, clauses } of rubric.items.values()) {
    const points = value(`/items/${code}/points`)
    const claims: Record<string, boolean> = {}
    for (const { name } of clauses) {
      const claim = value(`/items/${code}/clauses/${name}`)
      if (typeof claim === 'boolean') claims[name] = claim
    }
    answers[code] = { points: typeof points === 'number' ? hundredths(points) : null, clauses: claims }
  }
  return answers
}

/** What the school has still to say of an item: its points, and each clause that applies. */
export function missingOf(form: Form, item: Item): boolean {
  const answer = form.answers[item.code]
  return (
    (answer?.points ?? null) === null ||
    clausesOf(form, item).some((clause) => answer?.clauses?.[clause.name] === undefined)
  )
}

/** The clauses of an item that apply to the school. */
export function clausesOf(form: Form, item: Item): readonly Clause[] {
  return applicableClauses(item, form.stages)
}

/** The sum of the points given for some items, in hundredths. */
export function sumOf(form: Form, items: Iterable<Item>): number {
  let sum = 0
  for (const item of items) sum += form.answers[item.code]?.points ?? 0
  return sum
}
