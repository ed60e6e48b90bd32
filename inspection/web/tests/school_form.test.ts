// @vitest-environment node
/** What a school types: kept on the phone, taken by the service once, never written over unseen. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newApi, type Api } from '../src/api/client'
import { SchoolDatabase, type Value } from '../src/school/store/db'
import { changeList, setField, takeField } from '../src/school/store/form'
import { pullChanges } from '../src/school/sync/pull'
import { push } from '../src/school/sync/push'
import { newId } from '../src/store/ids'
import { FakeForm, SUBMISSION, type Cut } from './school_service'

const NOTE = '/items/1.1.1/note'
const PHOTOS = '/items/1.1.1/evidence'

let db: SchoolDatabase
let service: FakeForm
const api: Api = newApi(() => 'token', 'http://service')

beforeEach(() => {
  db = new SchoolDatabase(newId(), newId())
  service = new FakeForm().install()
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await db.delete()
})

const send = () => push(db, api, SUBMISSION)
const pull = () => pullChanges(db, api, SUBMISSION)
const shown = async (name: string): Promise<Value> =>
  (await db.changes.get(name))?.value ?? (await db.fields.get(name))?.value ?? null

describe('sending', () => {
  test('typing in quick succession sends the last text, once', async () => {
    for (const text of ['机', '机房', '机房照片']) await setField(db, NOTE, text)
    expect(await send()).toBeNull()
    expect(service.requests).toEqual([[{ field: NOTE, value: '机房照片', version: 0 }]])
    expect(await db.changes.count()).toBe(0)
    expect(await db.fields.get(NOTE)).toMatchObject({ value: '机房照片', version: 1, kept: [] })
  })

  test.each<Cut>(['request', 'answer'])(
    'a lost %s loses nothing, and what was typed after it is no conflict',
    async (cut) => {
      await setField(db, NOTE, '一')
      service.cut = () => cut
      expect(await send()).toMatchObject({ ok: false, status: 0 })
      await setField(db, NOTE, '一二')
      service.cut = () => 'none'
      expect(await send()).toBeNull()
      expect(service.fields.get(NOTE)).toMatchObject({ value: '一二', version: 2, kept: [] })
      expect(await db.changes.count()).toBe(0)
    },
  )

  test('what is typed while a request is on its way is sent after it', async () => {
    await setField(db, NOTE, '一')
    service.beforeAnswer = async () => {
      service.beforeAnswer = () => Promise.resolve()
      await setField(db, NOTE, '一二')
    }
    await send()
    expect(service.requests.map(([change]) => [change?.value, change?.version])).toEqual([
      ['一', 0],
      ['一二', 1],
    ])
  })

  test('typing back what the service has sends nothing', async () => {
    await setField(db, NOTE, '一')
    await send()
    await setField(db, NOTE, '二')
    await setField(db, NOTE, '一')
    expect(await db.changes.count()).toBe(0)
  })

  test('what is wrong stays with its reason, and the rest is taken', async () => {
    await setField(db, '/application/school_phone', '12')
    await setField(db, NOTE, '好')
    service.refuses = (change) => change.value === '12'
    expect(await send()).toBeNull()
    expect(service.fields.get(NOTE)).toMatchObject({ value: '好' })
    expect(await db.changes.toArray()).toMatchObject([{ value: '12', refusal: '应为电话号码' }])
    const before = service.requests.length
    await send()
    expect(service.requests.length).toBe(before)
    await setField(db, '/application/school_phone', '0523-86880000')
    await send()
    expect(await db.changes.count()).toBe(0)
  })

  test('a form that is closed refuses all, and all stays on the phone', async () => {
    await setField(db, NOTE, '晚了')
    service.closed = true
    expect(await send()).toMatchObject({ ok: false, status: 409, message: expect.stringContaining('截止') as string })
    expect(await shown(NOTE)).toBe('晚了')
    service.closed = false
    expect(await send()).toBeNull()
    expect(service.fields.get(NOTE)).toMatchObject({ value: '晚了' })
  })
})

describe('two people', () => {
  const other = (value: string, version: number) => {
    service.version++
    service.write({ field: NOTE, value, version }, 'other')
  }

  test('the change of another shows, where this phone has typed nothing', async () => {
    other('别人写的', 0)
    await pull()
    expect(await db.fields.get(NOTE)).toMatchObject({ value: '别人写的', byName: 'other' })
  })

  test('both values stand until one is chosen, and the choice is sent on top of both', async () => {
    await setField(db, NOTE, '我写的')
    other('别人写的', 0)
    await send()
    const field = await db.fields.get(NOTE)
    expect(field).toMatchObject({ value: '别人写的', kept: [{ value: '我写的' }] })
    await setField(db, NOTE, '我写的', { choosing: true })
    await send()
    expect(service.fields.get(NOTE)).toMatchObject({ value: '我写的', kept: [] })
  })

  test('a change that waited while another was pulled is still no silent overwriting', async () => {
    await setField(db, NOTE, '我写的')
    other('别人写的', 0)
    await pull()
    await setField(db, NOTE, '我写的，又加了几句')
    await send()
    expect(service.fields.get(NOTE)).toMatchObject({ value: '别人写的', kept: [{ value: '我写的，又加了几句' }] })
  })

  test('photos of both stay, without a question', async () => {
    await changeList(db, PHOTOS, { add: ['mine'] })
    service.version++
    service.write({ field: PHOTOS, value: ['theirs'], version: 0 }, 'other')
    await send()
    expect(service.fields.get(PHOTOS)).toMatchObject({ value: ['theirs', 'mine'], kept: [] })
    expect(await shown(PHOTOS)).toEqual(['theirs', 'mine'])
  })

  test('an older word of the service is not taken for a newer one', async () => {
    await takeField(db, { field: NOTE, value: '新', version: 2, by: null, by_name: null, at: null, kept: [] })
    await setField(db, NOTE, '更新')
    expect((await db.changes.get(NOTE))?.base).toBe(2)
  })
})

test('two contacts on one phone see nothing of each other', async () => {
  const second = new SchoolDatabase(newId(), newId())
  await setField(db, NOTE, '我写的')
  expect(await second.changes.count()).toBe(0)
  await second.delete()
})
