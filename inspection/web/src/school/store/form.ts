/** The form on the phone: what is typed is durable here before it shows as kept. */

import type { FieldConflict, SubmissionView } from '../../api/types'
import type { Field, SchoolDatabase, Value } from './db'

const UNWRITTEN = { value: null, version: 0, by: null, byName: null, at: null, kept: [] } as const

/** A field of which the service has told nothing. */
export function unwritten(name: string): Field {
  return { name, ...UNWRITTEN }
}

/** How a field is set. `choosing`: the person has seen all its values, and this is the one. `refusal`: why it can't be
 * sent as it is; it stays on this phone. */
export interface Setting {
  readonly choosing?: boolean
  readonly refusal?: string | null
  readonly now?: Date
}

/**
 * Sets a field. It is based on what the person saw: the version of the value that this phone shows, unless a change of
 * this phone waits already.
 */
export async function setField(
  db: SchoolDatabase,
  name: string,
  value: Value,
  { choosing = false, refusal = null, now = new Date() }: Setting = {},
): Promise<void> {
  await db.transaction('rw', db.fields, db.changes, async () => {
    const field = (await db.fields.get(name)) ?? unwritten(name)
    const waiting = choosing ? undefined : await db.changes.get(name)
    const base = waiting?.base ?? field.version
    const sending = waiting?.sending ?? null
    if (!sending && !field.kept.length && base === field.version && same(value, field.value)) {
      await db.changes.delete(name)
      return
    }
    await db.changes.put({ name, value, base, at: now.toISOString(), sending, refusal })
  })
}

/** Adds ids to a list of files, or takes them out of it. */
export async function changeList(
  db: SchoolDatabase,
  name: string,
  { add = [], remove = [] }: { add?: readonly string[]; remove?: readonly string[] },
): Promise<void> {
  await db.transaction('rw', db.fields, db.changes, async () => {
    const value = (await db.changes.get(name))?.value ?? (await db.fields.get(name))?.value
    const list = Array.isArray(value) ? (value as readonly string[]) : []
    const kept = [...new Set([...list, ...add])].filter((id) => !remove.includes(id))
    await setField(db, name, kept.length ? kept : null)
  })
}

/**
 * Takes in what the service told of a field. Of lists of files that two people changed at once all files stay: nobody
 * need choose.
 */
export async function takeField(db: SchoolDatabase, told: FieldConflict): Promise<void> {
  const { field: name, version, by, by_name: byName, at, kept } = told
  const value = told.value ?? null
  await db.fields.put({ name, value, version, by, byName, at, kept })
  if (kept.length && isList(name) && !(await db.changes.get(name))) {
    const lists = [value, ...kept.map((each) => each.value ?? null)]
    const all = [...new Set(lists.flatMap((list) => (Array.isArray(list) ? (list as readonly string[]) : [])))]
    await setField(db, name, all.length ? all : null, { choosing: true })
  }
}

/** Whether a field is a list of files. */
export function isList(name: string): boolean {
  return isScans(name) || name.endsWith('/evidence')
}

/** Whether a field is the stamped scans of the forms. */
export function isScans(name: string): boolean {
  return name === '/scans'
}

/** Whether two values are the same to a person. */
export function same(one: Value, other: Value): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
}

/** Every field of a submission that was read whole, as `takeField` takes it. */
export function fieldsOf(view: SubmissionView): FieldConflict[] {
  const conflicts = new Map(view.conflicts.map((each) => [each.field, each]))
  return Object.entries(view.versions).map(
    ([field, version]) =>
      conflicts.get(field) ?? {
        field,
        value: valueIn(view, field),
        version,
        by: null,
        by_name: null,
        at: null,
        kept: [],
      },
  )
}

/** The value of a field in a submission, by its name. */
export function valueIn(view: SubmissionView, name: string): Value {
  const [, part = '', ...rest] = name.split('/')
  if (part === 'scans') return view.scans
  if (part === 'indicators') return view.indicator_notes[rest[0] ?? ''] ?? null
  if (part === 'items') return at(view.items[rest[0] ?? ''], rest.slice(1))
  if (rest[0] !== 'stages') return at(view.application, rest)
  return at(
    view.application.stages.find((each) => each.stage === rest[1]),
    rest.slice(2),
  )
}

function at(data: unknown, path: readonly string[]): Value {
  let found = data
  for (const part of path) found = (found as Record<string, unknown> | null | undefined)?.[part]
  if (Array.isArray(found) && found.length === 0) return null
  return (found ?? null) as Value
}
