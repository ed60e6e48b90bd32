/**
 * A round of the inspector's sync: scores go first, and need one request a visit; then that photos were taken, then the
 * lists; photos last.
 */

import { reactive, readonly } from 'vue'
import { newApi, stopsAll, type Failure } from '../api/client'
import { hasUnsynced, pullVisit, pullVisits, wipe } from './pull'
import { push } from './push'
import { announcePhotos, sendPhotos } from './photos'
import { startRounds, type Rounds, type Stopped, type SyncState as Syncing } from './rounds'
import type { PersonDatabase } from '../store/db'

/** What the banner says. `clockAheadMs`: by how much the phone's clock is ahead of the server's. */
export interface SyncState extends Syncing {
  lastSyncAt: string | null
  clockAheadMs: number | null
}

export interface Sync extends Rounds {
  readonly state: Readonly<SyncState>
}

const EVERY_MS = 30_000
const KEEP_CLOSED_MS = 14 * 24 * 3600 * 1000

/** Starts the sync of a person's database. `token` gives the session's token, null once it has ended. */
export function startSync(db: PersonDatabase, token: () => string | null, signedOut: () => void): Sync {
  const api = newApi(token)
  const state = reactive<SyncState>({ phase: 'idle', message: '', lastSyncAt: null, clockAheadMs: null })
  const waiting: { value: Failure | null } = { value: null }

  async function round(): Promise<Stopped | null> {
    if (token() === null) return { status: 401, message: '登录已结束。可以继续打分，重新登录后自动同步。' }
    const stopped = (await pushAll()) ?? (await announcePhotos(db, api)) ?? (await pullAll())
    if (stopped) return stopped
    const photos = await sendPhotos(db, token)
    if (!photos.ok) return photos
    await tidy(db)
    state.lastSyncAt = new Date().toISOString()
    // A visit that may not start yet, for instance: the rest is synced.
    return waiting.value
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

  return { state: readonly(state), ...startRounds(state, 'zhiping-sync', round, { signedOut, everyMs: EVERY_MS }) }
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
