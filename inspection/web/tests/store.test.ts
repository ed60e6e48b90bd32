// @vitest-environment node
/** What the phone keeps: durable and whole before it shows, apart by person, there after every upgrade. */

import { createHash } from 'node:crypto'
import Dexie from 'dexie'
import { afterEach, describe, expect, test } from 'vitest'
import { deviceId, PersonDatabase, type Conflict } from '../src/store/db'
import { newId } from '../src/store/ids'
import { addPhoto } from '../src/store/photos'
import { answersOf, choose, dismiss, notesOf, setField } from '../src/store/sheet'
import { tidy } from '../src/sync/engine'
import { VISIT, visitOnPhone, visitView } from './service'

const opened: PersonDatabase[] = []
const open = (person: string = newId()) => {
  const db = new PersonDatabase(person)
  opened.push(db)
  return db
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.delete()))
})

describe('a tap', () => {
  test('sets the field and queues its operation together', async () => {
    const db = open()
    await setField(db, VISIT, '1.1.1', 'points', 1.5, new Date('2022-09-05T02:00:00Z'))
    const [operation] = await db.operations.toArray()
    expect(operation).toMatchObject({ visit: VISIT, seq: 1, item: '1.1.1', field: 'points', value: 1.5, saw: null })
    expect(operation?.at).toBe('2022-09-05T02:00:00.000Z')
    expect(await db.fields.get([VISIT, '1.1.1', 'points'])).toMatchObject({ value: 1.5, operation: operation?.id })
  })

  test('names the operation that it saw, and counts on', async () => {
    const db = open()
    for (const value of [0.5, 1, null]) await setField(db, VISIT, '1.1.1', 'points', value)
    const operations = await db.operations.orderBy('seq').toArray()
    expect(operations.map((each) => each.seq)).toEqual([1, 2, 3])
    expect(operations.map((each) => each.saw)).toEqual([null, operations[0]?.id, operations[1]?.id])
  })

  test('that cannot be written leaves nothing behind, and says so', async () => {
    const db = open()
    await setField(db, VISIT, '1.1.1', 'points', 1)
    const full = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    db.operations.hook('creating', full)
    await expect(setField(db, VISIT, '1.1.1', 'points', 2)).rejects.toThrow()
    db.operations.hook('creating').unsubscribe(full)
    expect((await db.fields.get([VISIT, '1.1.1', 'points']))?.value).toBe(1)
    await setField(db, VISIT, '1.1.1', 'points', 2)
    expect((await db.operations.orderBy('seq').toArray()).map((each) => each.seq)).toEqual([1, 2])
  })

  test('at the same time as others loses none', async () => {
    const db = open()
    const items = Array.from({ length: 30 }, (_, number) => `1.1.${number}`)
    await Promise.all(items.map((item) => setField(db, VISIT, item, 'points', 1)))
    const seqs = (await db.operations.toArray()).map((each) => each.seq).sort((a, b) => a - b)
    expect(seqs).toEqual(items.map((_, number) => number + 1))
  })
})

test('two people on one phone see nothing of each other, and have devices of their own', async () => {
  const [one, other] = [open(), open()]
  await setField(one, VISIT, '1.1.1', 'points', 1)
  expect(await other.fields.count()).toBe(0)
  expect(await deviceId(one)).toBe(await deviceId(one))
  expect(await deviceId(one)).not.toBe(await deviceId(other))
})

test('a choice between two devices sees both, and its last operation holds what was chosen', async () => {
  const db = open()
  const [mine, theirs] = [newId(), newId()]
  const standing = (id: string, value: number) => ({ id, device: newId(), at: '2022-09-05T02:00:00Z', value })
  const conflict: Conflict = {
    ...{ visit: VISIT, item: '1.1.1', field: 'points' },
    ...{ current: standing(mine, 1), others: [standing(theirs, 2)] },
  }
  await db.conflicts.put(conflict)
  await choose(db, VISIT, conflict, 2)
  const operations = await db.operations.orderBy('seq').toArray()
  expect(operations.map((each) => each.saw)).toEqual([theirs, mine])
  expect(operations.at(-1)?.value).toBe(2)
  expect(await db.conflicts.count()).toBe(0)
})

test('a sheet is read as the rules have it: hundredths, what was taken back is no answer', async () => {
  const db = open()
  await setField(db, VISIT, '1.1.1', 'points', 1.5)
  await setField(db, VISIT, '1.1.1', 'clauses/basic', false)
  await setField(db, VISIT, '1.1.2', 'points', null)
  await setField(db, VISIT, '1.1.2', 'note', '见照片')
  const fields = await db.fields.toArray()
  expect(answersOf(fields)).toEqual({ '1.1.1': { points: 150, clauses: { basic: false } }, '1.1.2': { clauses: {} } })
  expect([...notesOf(fields)]).toEqual([['1.1.2', '见照片']])
})

test('a refused value that is given up leaves the field as the server has it', async () => {
  const db = open()
  await db.visits.put(visitOnPhone(VISIT, { sheetVersion: 7 }))
  await setField(db, VISIT, '1.1.1', 'points', 9)
  const [operation] = await db.operations.toArray()
  if (!operation) throw new Error('no operation')
  await db.operations.update(operation.id, { state: 'refused' })
  await dismiss(db, operation.id)
  expect(await db.operations.count()).toBe(0)
  expect(await db.fields.get([VISIT, '1.1.1', 'points'])).toBeUndefined()
  // From the start again: what was left out before counts now.
  expect((await db.visits.get(VISIT))?.sheetVersion).toBe(0)
})

test('a photo is kept untouched, with its hash', async () => {
  const db = open()
  const bytes = crypto.getRandomValues(new Uint8Array(5000))
  const id = await addPhoto(db, VISIT, '1.1.1', new Blob([bytes], { type: 'image/jpeg' }))
  const photo = await db.photos.get(id)
  expect(photo?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(photo?.state).toBe('queued')
  expect(new Uint8Array((await photo?.bytes?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(bytes)
})

describe('a visit that was closed', () => {
  const DAY = 24 * 3600 * 1000
  const now = Date.parse('2022-10-01T00:00:00Z')

  async function closedFor(days: number, unsynced: boolean): Promise<boolean> {
    const db = open()
    const view = visitView(VISIT, { state: 'closed', closed_at: new Date(now - days * DAY).toISOString() })
    await db.visits.put(visitOnPhone(VISIT, { view, sheetState: 'signed' }))
    await setField(db, VISIT, '1.1.1', 'points', 1)
    if (!unsynced) await db.operations.clear()
    await tidy(db, now)
    return (await db.visits.count()) + (await db.fields.count()) > 0
  }

  test('leaves the phone after 14 days, once all is on the server', async () => {
    expect(await closedFor(13, false)).toBe(true)
    expect(await closedFor(15, false)).toBe(false)
    expect(await closedFor(15, true)).toBe(true)
  })
})

/** The stores of each version that was ever released: a phone may come from any of them. */
const FIRST = {
  visits: 'id',
  rubrics: 'sha256',
  fields: '[visit+item+field], visit',
  operations: 'id, visit, seq, state',
  revealed: '[visit+item], visit',
  conflicts: '[visit+item+field], visit',
  photos: 'id, visit, [visit+item], state',
  settings: 'name',
}
const RELEASED: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  1: FIRST,
  2: { ...FIRST, ownEvidence: '[visit+item], visit' },
}

/** What version 1 kept of a visit and of a photo that waits. */
const OLD_VISIT = {
  id: VISIT,
  view: visitView(VISIT),
  pack: null,
  sheetState: 'signed',
  sheetVersion: 3,
  pulledAt: null,
}
const OLD_PHOTO = {
  ...{ id: newId(), visit: VISIT, item: '1.1.1', takenAt: '2022-09-05T02:00:00Z', sha256: 'f'.repeat(64) },
  ...{ preview: null, annotates: null, state: 'queued', announced: true, sent: 1234, refusal: null },
}

describe.each(Object.keys(RELEASED).map(Number))('a phone with version %i', (version) => {
  async function upgraded(): Promise<PersonDatabase> {
    const person = newId()
    const old = new Dexie(`zhiping-${person}`)
    old.version(version).stores(RELEASED[version] ?? {})
    const operation = { ...{ id: newId(), visit: VISIT, seq: 1, at: '2022-09-05T02:00:00Z', item: '1.1.1' } }
    const rest = { field: 'points', value: 1, saw: null, state: 'queued', refusal: null }
    await old.table('operations').put({ ...operation, ...rest })
    await old.table('settings').put({ name: 'seq', value: 1 })
    await old.table('visits').put(version === 1 ? OLD_VISIT : visitOnPhone(VISIT, { sheetVersion: 3 }))
    await old.table('photos').put({ ...OLD_PHOTO, bytes: new Blob(['photo']) })
    old.close()
    return open(person)
  }

  test('keeps its unsynced work, and counts on', async () => {
    const db = await upgraded()
    await setField(db, VISIT, '1.1.1', 'points', 2)
    expect((await db.operations.orderBy('seq').toArray()).map((each) => [each.seq, each.value])).toEqual([
      [1, 1],
      [2, 2],
    ])
    const [photo] = await db.photos.toArray()
    expect(photo).toMatchObject({ id: OLD_PHOTO.id, state: 'queued', announced: true })
    expect(await photo?.bytes?.text()).toBe('photo')
  })

  test('has the form of today', async () => {
    const db = await upgraded()
    expect(await db.visits.get(VISIT)).toMatchObject({ sheetVersion: 3, reopened: false, changedItems: [] })
    if (version === 1) expect(await db.photos.get(OLD_PHOTO.id)).not.toHaveProperty('sent')
    expect(await db.ownEvidence.count()).toBe(0)
  })
})

test('every version that was released is upgraded from', () => {
  expect(Math.max(...Object.keys(RELEASED).map(Number))).toBe(open().verno)
})

test('giving up a refused value leaves a newer tap on the field alone', async () => {
  const db = open()
  await setField(db, VISIT, '1.1.1', 'points', 9)
  const [operation] = await db.operations.toArray()
  await setField(db, VISIT, '1.1.1', 'points', 1)
  await dismiss(db, operation?.id ?? '')
  expect((await db.fields.get([VISIT, '1.1.1', 'points']))?.value).toBe(1)
})
