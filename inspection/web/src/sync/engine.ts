/**
 * Sync starts by itself: when the app opens or comes to the front, when the network is back, after a tap, and by pull.
 * Scores go first, and need one request a visit; then that photos were taken, then the lists; photos last. Nothing here ever blocks scoring.
 */

import { reactive, readonly } from 'vue'
import { newApi, stopsAll, type Failure } from '../api/client'
import { hasUnsynced, pullVisit, pullVisits, wipe } from './pull'
import { push } from './push'
import { announcePhotos, sendPhotos, type Sent } from './photos'
import type { PersonDatabase } from '../store/db'

export type Phase = 'idle' | 'syncing' | 'offline' | 'signed_out' | 'trouble'

/** What the banner says. `clockAheadMs`: by how much the phone's clock is ahead of the server's. */
export interface SyncState {
  phase: Phase
  message: string
  lastSyncAt: string | null
  clockAheadMs: number | null
}

export interface Sync {
  readonly state: Readonly<SyncState>
  /** Syncs now; resolves when it is done, or knows why it can't. */
  now(): Promise<void>
  /** Syncs in a moment: taps in quick succession go together. */
  soon(): void
  stop(): void
}

const SOON_MS = 400
const EVERY_MS = 30_000
const KEEP_CLOSED_MS = 14 * 24 * 3600 * 1000

/** Starts the sync of a person's database. `token` gives the session's token, null once it has ended. */
export function startSync(db: PersonDatabase, token: () => string | null, signedOut: () => void): Sync {
  const api = newApi(token)
  const state = reactive<SyncState>({ phase: 'idle', message: '', lastSyncAt: null, clockAheadMs: null })
  const turn: { running: Promise<void> | null; again: boolean } = { running: null, again: false }
  const wantedAgain = () => turn.again
  const waiting: { value: Failure | null } = { value: null }
  let timer: ReturnType<typeof setTimeout> | undefined

  const fail = (failure: Pick<Failure, 'status' | 'message'>) => {
    state.message = failure.message
    state.phase = failure.status === 0 ? 'offline' : failure.status === 401 ? 'signed_out' : 'trouble'
    if (failure.status === 401) signedOut()
  }

  async function round(): Promise<void> {
    if (token() === null) {
      fail({ status: 401, message: '登录已结束。可以继续打分，重新登录后自动同步。' })
      return
    }
    state.phase = 'syncing'
    const stopped = (await pushAll()) ?? (await announcePhotos(db, api)) ?? (await pullAll())
    const photos: Sent = stopped ? { ok: true } : await sendPhotos(db, token)
    const failure = stopped ?? (photos.ok ? null : photos)
    if (failure) {
      fail(failure)
      return
    }
    await tidy(db)
    // A visit that may not start yet, for instance: the rest is synced.
    state.phase = waiting.value ? 'trouble' : 'idle'
    state.message = waiting.value?.message ?? ''
    state.lastSyncAt = new Date().toISOString()
  }

  /** Sends the changes of every visit. What one visit is refused for keeps no other waiting. */
  async function pushAll(): Promise<Failure | null> {
    waiting.value = null
    for (const visit of await visitsWithWork(db)) {
      const pushed = await push(db, api, visit)
      if (pushed.ok) state.clockAheadMs = pushed.clockAheadMs ?? state.clockAheadMs
      else if (stopsAll(pushed)) return pushed
      else waiting.value = pushed
    }
    return null
  }

  async function pullAll(): Promise<Failure | null> {
    const listed = await pullVisits(db, api)
    if (!listed.ok) return listed
    const offline = await db.visits.filter((visit) => visit.pack !== null && visit.view.state !== 'closed').toArray()
    for (const { id } of offline) {
      const pulled = await pullVisit(db, api, id)
      if (!pulled.ok && stopsAll(pulled)) return pulled
    }
    return null
  }

  async function now(): Promise<void> {
    clearTimeout(timer)
    if (turn.running) {
      turn.again = true
      await turn.running
      return
    }
    do {
      turn.again = false
      turn.running = exclusively(round)
      try {
        await turn.running
      } catch {
        // Most likely a full disk or a database that another tab is upgrading: said, and tried again.
        fail({ status: 500, message: '手机存储出现问题，稍后自动重试；请检查剩余空间。' })
      } finally {
        turn.running = null
      }
    } while (wantedAgain())
  }

  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void now(), SOON_MS)
  }
  const toFront = () => {
    if (document.visibilityState === 'visible') void now()
  }
  const fromTimeToTime = setInterval(toFront, EVERY_MS)
  const back = () => void now()
  const away = () => {
    state.phase = 'offline'
  }
  addEventListener('online', back)
  addEventListener('offline', away)
  document.addEventListener('visibilitychange', toFront)

  return {
    state: readonly(state),
    now,
    soon,
    stop() {
      clearTimeout(timer)
      clearInterval(fromTimeToTime)
      removeEventListener('online', back)
      removeEventListener('offline', away)
      document.removeEventListener('visibilitychange', toFront)
    },
  }
}

/** One tab at a time, where the browser knows locks. Without them ids keep what is sent twice from counting twice. */
async function exclusively(work: () => Promise<void>): Promise<void> {
  // Missing over plain HTTP, whatever the types say.
  const locks = navigator.locks as LockManager | undefined
  await (locks ? locks.request('zhiping-sync', work) : work())
}

async function visitsWithWork(db: PersonDatabase): Promise<string[]> {
  const queued = await db.operations.where({ state: 'queued' }).toArray()
  return [...new Set(queued.map((operation) => operation.visit))]
}

/** Visits that closed a fortnight ago leave the phone, once all of their work is on the server. */
export async function tidy(db: PersonDatabase, now = Date.now()): Promise<void> {
  for (const { id, view } of await db.visits.toArray()) {
    const old = view.closed_at !== null && now - Date.parse(view.closed_at) > KEEP_CLOSED_MS
    if (old && !(await hasUnsynced(db, id))) {
      await db.transaction('rw', db.tables, () => wipe(db, id))
    }
  }
}
