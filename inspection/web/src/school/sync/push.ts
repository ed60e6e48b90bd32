/** Sends what was typed. Each answer is taken in whole; what is sent twice counts once. */

import type { Api, Failure } from '../../api/client'
import type { Change as Sent, DraftSaved } from '../../api/types'
import type { Change, SchoolDatabase } from '../store/db'
import { same, takeField, unwritten } from '../store/form'

const MOST_IN_BATCH = 500

/** Sends all changes that wait. Gives the failure that stopped it, or null. */
export async function push(db: SchoolDatabase, api: Api, submission: string): Promise<Failure | null> {
  for (;;) {
    const batch = await takeBatch(db)
    if (batch.length === 0) return null
    const changes = batch.map(({ name, base, sending }): Sent => ({
      field: name,
      value: sending?.value ?? null,
      version: base,
    }))
    const answer = await api.patch<DraftSaved>(`/api/submissions/${submission}`, { changes })
    if (answer.ok) await acknowledge(db, batch, answer.data)
    else if (!(await refuse(db, batch, answer))) return answer
  }
}

/** The next changes to send, marked as on their way; one that was sent and not answered goes as it was. */
async function takeBatch(db: SchoolDatabase): Promise<Change[]> {
  return db.transaction('rw', db.changes, async () => {
    const waiting = await db.changes.filter((each) => each.refusal === null).toArray()
    const batch = waiting.slice(0, MOST_IN_BATCH).map((each) => ({
      ...each,
      sending: each.sending ?? { value: each.value },
    }))
    await db.changes.bulkPut(batch)
    return batch
  })
}

/** Takes the answer in: what was typed meanwhile is based on what the service now has of this phone. */
async function acknowledge(db: SchoolDatabase, batch: readonly Change[], answer: DraftSaved): Promise<void> {
  await db.transaction('rw', db.fields, db.changes, async () => {
    const applied = new Map(answer.applied.map((each) => [each.field, each.version]))
    const conflicts = new Map(answer.conflicts.map((each) => [each.field, each]))
    for (const { name, base, sending } of batch) {
      const version = applied.get(name)
      if (version !== undefined && sending) {
        const before = (await db.fields.get(name)) ?? unwritten(name)
        // Written on top of what this phone saw, it is the choice between the values beside it.
        const kept = version === base + 1 ? [] : before.kept
        await db.fields.put({ ...before, value: sending.value, version, by: null, byName: null, kept })
      }
      const change = await db.changes.get(name)
      if (change && sending && same(change.value, sending.value)) await db.changes.delete(name)
      else if (change) await db.changes.put({ ...change, base: version ?? base, sending: null })
      const conflict = conflicts.get(name)
      if (conflict) await takeField(db, conflict)
    }
  })
}

/** Puts those aside that the service names as wrong, with its reason. False where it refuses for another cause. */
async function refuse(
  db: SchoolDatabase,
  batch: readonly Change[],
  { status, code, details }: Failure,
): Promise<boolean> {
  if (status !== 422 && status !== 400 && code !== 'too_many_conflicts') return false
  const reasons = new Map<number, string>()
  for (const { path, message } of details) {
    const number = /^\/changes\/(\d+)/.exec(path)?.[1]
    if (number !== undefined) reasons.set(Number(number), message)
  }
  if (reasons.size === 0) return false
  await db.transaction('rw', db.changes, async () => {
    for (const [number, { name, value, sending }] of batch.entries()) {
      const change = await db.changes.get(name)
      const stands = sending && same(value, sending.value) && change && same(change.value, value)
      // Nothing of the batch was taken. What was typed meanwhile is tried; what is wrong waits to be typed anew.
      if (change) await db.changes.put({ ...change, sending: null, refusal: (stands && reasons.get(number)) || null })
    }
  })
  return true
}
