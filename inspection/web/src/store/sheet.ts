/** The inspector's own sheet on the phone: every tap is durable here before it shows as saved. */

import { hundredths } from '../rules/points'
import type { Answer, Answers } from '../rules/case'
import { nextSeq, type Conflict, type Field, type PersonDatabase, type Value } from './db'
import { newId } from './ids'

const CLAUSES = 'clauses/'

/** Sets one field of an item: the value and its operation, in one transaction. Resolves when both are on the disk. */
export async function setField(
  db: PersonDatabase,
  visit: string,
  item: string,
  field: string,
  value: Value,
  now = new Date(),
): Promise<void> {
  await db.transaction('rw', db.fields, db.operations, db.settings, db.conflicts, async () => {
    const before = await db.fields.get([visit, item, field])
    const [id, seq] = [newId(), await nextSeq(db)]
    await db.fields.put({ visit, item, field, value, operation: id })
    const saw = before?.operation ?? null
    const at = now.toISOString()
    await db.operations.put({ id, visit, seq, at, item, field, value, saw, state: 'queued', refusal: null })
    // A choice between two devices' values is made by setting the field, having seen both.
    await db.conflicts.delete([visit, item, field])
  })
}

/**
 * Chooses between the values of two devices. One operation can name only one that it saw, so each of the others is seen
 * by one of its own; the last of them holds the chosen value.
 */
export async function choose(db: PersonDatabase, visit: string, conflict: Conflict, value: Value): Promise<void> {
  const { item, field, others, current } = conflict
  await db.transaction('rw', db.fields, db.operations, db.settings, db.conflicts, async () => {
    for (const seen of [...others, current]) {
      await db.fields.put({ visit, item, field, value, operation: seen.id })
      await setField(db, visit, item, field, value)
    }
  })
}

/** The sheet as the rules read it: points in hundredths. */
export function answersOf(fields: readonly Field[]): Answers {
  const answers: Record<string, { points?: number; clauses: Record<string, boolean> }> = {}
  for (const { item, field, value } of fields) {
    const answer = (answers[item] ??= { clauses: {} })
    if (field === 'points' && typeof value === 'number') answer.points = hundredths(value)
    if (field.startsWith(CLAUSES) && typeof value === 'boolean') answer.clauses[field.slice(CLAUSES.length)] = value
  }
  return answers satisfies Record<string, Answer>
}

/** The notes by item. */
export function notesOf(fields: readonly Field[]): Map<string, string> {
  const notes = fields.filter((each) => each.field === 'note' && typeof each.value === 'string' && each.value !== '')
  return new Map(notes.map((each) => [each.item, each.value as string]))
}

/**
 * Gives a refused operation up. Where its value still stands in the field, the field is as the server has it again, with
 * the next pull, which asks for everything.
 */
export async function dismiss(db: PersonDatabase, id: string): Promise<void> {
  await db.transaction('rw', db.operations, db.fields, db.visits, async () => {
    const operation = await db.operations.get(id)
    if (!operation) return
    const { visit, item, field } = operation
    await db.operations.delete(id)
    if ((await db.fields.get([visit, item, field]))?.operation !== id) return
    await db.fields.delete([visit, item, field])
    await db.visits.update(visit, { sheetVersion: 0 })
  })
}
