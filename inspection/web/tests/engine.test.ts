/** When sync starts, what it says, and that one visit's trouble is not another's. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { newApi } from '../src/api/client'
import { PersonDatabase } from '../src/store/db'
import { newId } from '../src/store/ids'
import { setField } from '../src/store/sheet'
import { startSync, type Sync } from '../src/sync/engine'
import { pullVisit } from '../src/sync/pull'
import { FakeService, OTHER_VISIT, VISIT, visitView } from './service'

let db: PersonDatabase
let service: FakeService
let sync: Sync
let token: string | null
const signedOut = vi.fn(() => {
  token = null
})

beforeEach(() => {
  db = new PersonDatabase(newId())
  service = new FakeService().install()
  service.visits.set(OTHER_VISIT, visitView(OTHER_VISIT))
  token = 'token'
  signedOut.mockClear()
  sync = startSync(db, () => token, signedOut)
})
afterEach(async () => {
  sync.stop()
  vi.unstubAllGlobals()
  await db.delete()
})

const queued = () => db.operations.where({ state: 'queued' }).count()

test('starts by itself when the network is back', async () => {
  await setField(db, VISIT, '1.1.1', 'points', 1)
  window.dispatchEvent(new Event('offline'))
  expect(sync.state.phase).toBe('offline')
  window.dispatchEvent(new Event('online'))
  await vi.waitFor(async () => {
    expect(await queued()).toBe(0)
  })
})

test('starts by itself when the app comes to the front', async () => {
  await setField(db, VISIT, '1.1.1', 'points', 1)
  document.dispatchEvent(new Event('visibilitychange'))
  await vi.waitFor(async () => {
    expect(await queued()).toBe(0)
  })
})

test('starts a moment after a tap, once for taps in quick succession', async () => {
  for (const item of ['1.1.1', '1.1.2', '1.1.3']) {
    await setField(db, VISIT, item, 'points', 1)
    sync.soon()
  }
  await vi.waitFor(async () => {
    expect(await queued()).toBe(0)
  })
  expect(service.count('POST', '/operations')).toBe(1)
})

test('a tap costs one request: what is new on the server is asked for from time to time, and when the answer hints at it', async () => {
  await pullVisit(
    db,
    newApi(() => token),
    VISIT,
  )
  await sync.now()
  service.requests.length = 0
  await setField(db, VISIT, '1.1.1', 'points', 1)
  sync.soon()
  await vi.waitFor(async () => {
    expect(await queued()).toBe(0)
  })
  await vi.waitFor(() => {
    expect(sync.state.phase).toBe('idle')
  })
  expect(service.requests.map(({ path }) => path)).toEqual([`/api/visits/${VISIT}/operations`])
  service.phase = 'closed'
  await setField(db, VISIT, '1.1.1', 'points', 2)
  sync.soon()
  await vi.waitFor(() => {
    expect(service.count('GET', '/pack')).toBe(1)
  })
})

test('an app that is too old for the service sends nothing, keeps everything, and says so', async () => {
  await setField(db, VISIT, '1.1.1', 'points', 1)
  service.oldestApp = 99
  await sync.now()
  expect(sync.state).toMatchObject({ phase: 'outdated' })
  expect(sync.state.message).toContain('更新')
  expect(service.requests.map(({ path }) => path)).toEqual(['/api/app'])
  expect(await queued()).toBe(1)
  service.oldestApp = 1
  await sync.now()
  expect(await queued()).toBe(0)
})

test('a score does not wait for the photos that are on their way', async () => {
  const photo = { ...{ id: newId(), visit: VISIT, item: '1.1.1', takenAt: '2022-09-05T02:00:00Z', sha256: 'f' } }
  const rest = { preview: null, annotates: null, state: 'queued', announced: true, refusal: null } as const
  await db.photos.put({ ...photo, ...rest, bytes: new Blob(['photo']) })
  // An upload that never ends.
  vi.stubGlobal(
    'XMLHttpRequest',
    class {
      upload = {}
      open() {}
      setRequestHeader() {}
      send() {}
      abort() {}
    },
  )
  await sync.now()
  expect(sync.state.phase).toBe('syncing')
  await setField(db, VISIT, '1.1.1', 'points', 1)
  await sync.now()
  expect(service.value(VISIT, '1.1.1', 'points')).toBe(1)
})

test('a phone whose clock is years ahead keeps a visit that was closed today', async () => {
  const today = new Date('2022-09-05T08:00:00Z')
  service.now = () => today
  service.visits.set(VISIT, visitView(VISIT, { state: 'closed', closed_at: today.toISOString() }))
  await sync.now()
  expect(await db.visits.get(VISIT)).toBeDefined()
})

test('without a network says so, and keeps everything', async () => {
  await setField(db, VISIT, '1.1.1', 'points', 1)
  service.cut = () => 'request'
  await sync.now()
  expect(sync.state.phase).toBe('offline')
  expect(await queued()).toBe(1)
})

test('a session that has ended is said; scoring goes on, and signing in again sends it', async () => {
  await setField(db, VISIT, '1.1.1', 'points', 1)
  service.refusing.set(`/api/visits/${VISIT}/operations`, 401)
  await sync.now()
  expect(sync.state.phase).toBe('signed_out')
  expect(signedOut).toHaveBeenCalled()
  await setField(db, VISIT, '1.1.2', 'points', 1)
  await sync.now()
  expect(await queued()).toBe(2)
  service.refusing.clear()
  token = 'another'
  await sync.now()
  expect(await queued()).toBe(0)
  expect(sync.state.phase).toBe('idle')
})

test('access to one visit that was taken away keeps no other from syncing, and the work stays with its reason', async () => {
  await setField(db, VISIT, '1.1.1', 'points', 1)
  await setField(db, OTHER_VISIT, '1.1.1', 'points', 2)
  service.refusing.set(`/api/visits/${VISIT}/operations`, 404)
  await sync.now()
  expect(service.value(OTHER_VISIT, '1.1.1', 'points')).toBe(2)
  expect(await queued()).toBe(0)
  expect(await db.operations.toArray()).toMatchObject([
    { visit: VISIT, state: 'refused', refusal: { code: 'refused' } },
  ])
})

test('a visit that may not start yet keeps its work queued, and no other from syncing', async () => {
  await setField(db, VISIT, '1.1.1', 'points', 1)
  await setField(db, OTHER_VISIT, '1.1.1', 'points', 2)
  service.refusing.set(`/api/visits/${VISIT}/operations`, 409)
  await sync.now()
  expect(service.value(OTHER_VISIT, '1.1.1', 'points')).toBe(2)
  expect((await db.operations.toArray()).map(({ visit, state }) => [visit, state])).toEqual([[VISIT, 'queued']])
})

test('two calls at once are one round, and one more for what came in between', async () => {
  await Promise.all([sync.now(), sync.now(), sync.now()])
  await vi.waitFor(() => {
    expect(sync.state.phase).toBe('idle')
  })
  expect(service.count('GET', '/api/visits')).toBeLessThanOrEqual(2)
})
