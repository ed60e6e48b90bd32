/** Typing that saves itself, and two who type at once: nothing is lost, and each is told. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { effectScope, nextTick, type EffectScope } from 'vue'
import type { Answer, Failure } from '../src/api/client'
import { useAutosave, type Autosave, type Versioned } from '../src/console/review/autosave'
import { merge } from '../src/console/review/merge'
import { bodyOf, fieldsOf } from '../src/console/review/review'

describe('merge', () => {
  test.each([
    ['only theirs', {}, {}, { a: 1 }, { a: 1 }, ['a'], {}],
    ['only ours', { a: 1 }, { a: 2 }, { a: 1 }, { a: 2 }, [], {}],
    ['the same', { a: 1 }, { a: 2 }, { a: 2 }, { a: 2 }, [], {}],
    ['different fields', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 3 }, { a: 2, b: 3 }, ['b'], {}],
    ['the same field', { a: 1 }, { a: 2 }, { a: 3 }, { a: 2 }, [], { a: 3 }],
    ['we emptied, they changed', { a: 1 }, {}, { a: 3 }, {}, [], { a: 3 }],
    ['they emptied, we changed', { a: 1 }, { a: 2 }, {}, { a: 2 }, [], { a: null }],
    ['they emptied', { a: 1 }, { a: 1 }, {}, {}, ['a'], {}],
  ])('%s', (_, base, ours, theirs, fields, changed, conflicts) => {
    expect(merge(base as never, ours as never, theirs as never)).toEqual({ fields, theirs: changed, conflicts })
  })
})

test('a review is fields, and fields are a review', () => {
  const view = {
    items: { '1.1.1': { remark: '缺图', points: 0 }, '1.1.2': { remark: null, points: 1.5 } },
    opinion: '同意',
  }
  const fields = { '1.1.1/remark': '缺图', '1.1.1/points': 0, '1.1.2/points': 1.5, opinion: '同意' }
  expect(fieldsOf(view)).toEqual(fields)
  expect(bodyOf({ version: 3, fields })).toEqual({
    version: 3,
    items: { '1.1.1': { remark: '缺图', points: 0 }, '1.1.2': { points: 1.5 } },
    opinion: '同意',
  })
})

const failure = (status: number, code: string): Failure => ({
  ...{ ok: false, status, code, message: code, details: [], retryAfter: null },
})

/** A service of one document, as it stands for everybody. */
class Shared {
  now: Versioned = { version: 0, fields: {} }
  fails: Failure | null = null
  writes = 0

  read = (): Promise<Answer<Versioned>> => Promise.resolve(this.fails ?? { ok: true, data: this.now })

  write = ({ version, fields }: Versioned): Promise<Answer<Versioned>> => {
    this.writes += 1
    if (this.fails) return Promise.resolve(this.fails)
    if (version !== this.now.version) return Promise.resolve(failure(409, 'version_conflict'))
    this.now = { version: version + 1, fields }
    return Promise.resolve({ ok: true, data: this.now })
  }
}

let scopes: EffectScope[] = []
let closed = ''

async function open(shared: Shared, key = 'kept'): Promise<Autosave> {
  const scope = effectScope()
  scopes.push(scope)
  const found = scope.run(() =>
    useAutosave({ key, read: shared.read, write: shared.write, closed: () => closed }),
  ) as Autosave
  await settled()
  return found
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1000)
  await nextTick()
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  closed = ''
})

afterEach(() => {
  for (const scope of scopes) scope.stop()
  scopes = []
  vi.useRealTimers()
})

test('what is typed is saved once, a moment after the last key', async () => {
  const shared = new Shared()
  const one = await open(shared)
  for (const text of ['同', '同意', '同意推荐']) one.set('opinion', text)
  expect(one.state.phase).toBe('typed')
  await settled()
  expect(shared.now).toEqual({ version: 1, fields: { opinion: '同意推荐' } })
  expect([shared.writes, one.state.phase, localStorage.length]).toEqual([1, 'saved', 0])
})

test('two who change different fields both keep theirs, and the second is told', async () => {
  const shared = new Shared()
  const [one, other] = [await open(shared, 'one'), await open(shared, 'other')]
  one.set('1.1.1/remark', '缺图')
  await settled()
  other.set('opinion', '同意')
  await settled()
  expect(shared.now.fields).toEqual({ '1.1.1/remark': '缺图', opinion: '同意' })
  expect(other.state.fields).toEqual(shared.now.fields)
  expect([other.state.news, other.state.conflicts, other.state.phase]).toEqual([['1.1.1/remark'], {}, 'saved'])
})

test('two who change the same field: theirs stays on the service until a person chooses', async () => {
  const shared = new Shared()
  const [one, other] = [await open(shared, 'one'), await open(shared, 'other')]
  one.set('opinion', '同意推荐')
  await settled()
  other.set('opinion', '不同意')
  await settled()
  expect(shared.now.fields).toEqual({ opinion: '同意推荐' })
  expect(other.state.fields).toEqual({ opinion: '不同意' })
  expect(other.state.conflicts).toEqual({ opinion: '同意推荐' })
  expect(await other.flush()).toBe(false)
  // Typing on settles nothing, and other fields are saved all the same.
  other.set('1.1.1/points', 1)
  await settled()
  expect(shared.now.fields).toEqual({ opinion: '同意推荐', '1.1.1/points': 1 })
  other.choose('opinion', '不同意')
  await settled()
  expect(shared.now.fields).toEqual({ opinion: '不同意', '1.1.1/points': 1 })
  expect(await other.flush()).toBe(true)
})

test('without a network nothing is lost, also over a reload; with it all is saved', async () => {
  const shared = new Shared()
  const one = await open(shared)
  shared.fails = failure(0, 'no_network')
  one.set('opinion', '同意')
  await settled()
  expect([one.state.phase, one.state.trouble]).toEqual(['failed', 'no_network'])
  scopes.pop()?.stop()
  await settled()
  // Meanwhile somebody else has changed another field.
  shared.fails = null
  shared.now = { version: 4, fields: { '1.1.1/remark': '缺图' } }
  const again = await open(shared)
  await settled()
  expect(again.state.fields).toEqual({ opinion: '同意', '1.1.1/remark': '缺图' })
  expect(shared.now.fields).toEqual({ opinion: '同意', '1.1.1/remark': '缺图' })
  expect(localStorage.length).toBe(0)
})

test('a fault that passes is tried again by itself', async () => {
  const shared = new Shared()
  const one = await open(shared)
  shared.fails = failure(503, 'unavailable')
  one.set('opinion', '同意')
  await settled()
  shared.fails = null
  await vi.advanceTimersByTimeAsync(6000)
  expect([one.state.phase, shared.now.fields]).toEqual(['saved', { opinion: '同意' }])
})

test('what may not be written says why, and never that it is saved', async () => {
  const shared = new Shared()
  const one = await open(shared)
  closed = '名单已上报'
  one.set('opinion', '同意')
  await settled()
  expect([one.state.phase, one.state.trouble, shared.writes]).toEqual(['failed', '名单已上报', 0])
})

test('what somebody else saved is seen when one comes back to the page', async () => {
  const shared = new Shared()
  const one = await open(shared)
  shared.now = { version: 1, fields: { opinion: '同意' } }
  window.dispatchEvent(new Event('focus'))
  await settled()
  expect([one.state.fields, one.state.news]).toEqual([{ opinion: '同意' }, ['opinion']])
})
