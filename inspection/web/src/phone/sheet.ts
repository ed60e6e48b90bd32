/** A visit with all that the pages show of it, following every change on the phone. */

import { computed, type ComputedRef } from 'vue'
import { applicableClauses, figuresVerdict, type Answers, type School } from '../rules/case'
import { hundredths } from '../rules/points'
import { readRubric, type Clause, type Item, type Rubric } from '../rules/rubric'
import type { Conflict, Field, Operation, Photo, Revealed, Visit } from '../store/db'
import { answersOf, notesOf } from '../store/sheet'
import { useDesk } from './app'
import { useLive } from '../shared/live'

export interface Sheet {
  readonly visit: Visit
  readonly rubric: Rubric
  readonly school: School
  /** What points are a multiple of, in hundredths. */
  readonly step: number
  readonly assigned: ReadonlySet<string>
  readonly answers: Answers
  readonly notes: ReadonlyMap<string, string>
  readonly revealed: ReadonlyMap<string, Revealed>
  readonly conflicts: readonly Conflict[]
  readonly photos: ReadonlyMap<string, readonly Photo[]>
  /** The items with changes that the server has not acknowledged. */
  readonly unsynced: ReadonlySet<string>
  /** Whether the sheet takes no changes: it is signed, or the visit is closed. */
  readonly frozen: boolean
}

interface Stored {
  readonly visit: Visit | undefined
  readonly rubric: Rubric | null
  readonly fields: readonly Field[]
  readonly operations: readonly Operation[]
  readonly revealed: readonly Revealed[]
  readonly conflicts: readonly Conflict[]
  readonly photos: readonly Photo[]
}

/** The sheet of a visit; undefined while it is read, null where the visit is not on this phone (yet). */
export function useSheet(visit: () => string): ComputedRef<Sheet | null | undefined> {
  const { db } = useDesk()
  const rubrics = new Map<string, Rubric>()

  async function rubricOf(sha256: string): Promise<Rubric | null> {
    const data = rubrics.has(sha256) ? undefined : await db.rubrics.get(sha256)
    if (data) rubrics.set(sha256, readRubric(data))
    return rubrics.get(sha256) ?? null
  }

  const stored = useLive(
    async (): Promise<Stored> => {
      const id = visit()
      const known = await db.visits.get(id)
      return {
        visit: known,
        rubric: known?.pack ? await rubricOf(known.pack.rubric.sha256) : null,
        fields: await db.fields.where({ visit: id }).toArray(),
        operations: await db.operations.where({ visit: id }).toArray(),
        revealed: await db.revealed.where({ visit: id }).toArray(),
        conflicts: await db.conflicts.where({ visit: id }).toArray(),
        photos: await db.photos.where({ visit: id }).sortBy('takenAt'),
      }
    },
    undefined,
    visit,
  )
  return computed(() => stored.value && sheetOf(stored.value))
}

function sheetOf({ visit, rubric, fields, operations, revealed, conflicts, photos }: Stored): Sheet | null {
  if (!visit?.pack || !rubric) return null
  const byItem = new Map<string, Photo[]>()
  for (const photo of photos) byItem.set(photo.item, [...(byItem.get(photo.item) ?? []), photo])
  return {
    visit,
    rubric,
    school: schoolOf(visit.pack.school),
    step: hundredths(visit.pack.rules.score_step),
    assigned: new Set(visit.pack.assigned),
    answers: answersOf(fields),
    notes: notesOf(fields),
    revealed: new Map(revealed.map((own) => [own.item, own])),
    conflicts,
    photos: byItem,
    unsynced: new Set(operations.map((operation) => operation.item)),
    frozen: visit.sheetState === 'signed' || visit.view.state === 'closed',
  }
}

type PackSchool = NonNullable<Visit['pack']>['school']

/** The declared figures; a figure that is missing counts as none. */
export function schoolOf({ stages, teachers, teacher_computers }: PackSchool): School {
  return {
    stages: stages.map(({ stage, students, student_devices }) => ({
      stage,
      students: students ?? 0,
      student_devices: student_devices ?? 0,
    })),
    teachers,
    teacher_computers,
  }
}

/** The clauses of an item that apply to the school, each with what the declared figures say of it. */
export function clausesOf(item: Item, school: School): { clause: Clause; figures: boolean | null }[] {
  return applicableClauses(item, school).map((clause) => ({ clause, figures: figuresVerdict(clause, school) }))
}
