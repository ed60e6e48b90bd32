/**
 * A round of the inspector's sync: scores go first, and need one request a visit; then that photos were taken; then comes
 * what is new on the server. The photos themselves go beside it: no score waits for them.
 */

import { reactive, readonly } from 'vue'
import { newApi, stopsAll, type Failure } from '../api/client'
import { hasUnsynced, pullVisit, pullVisits, wipe } from './pull'
import { push } from './push'
import { announcePhotos, sendPhotos } from './photos'
import { startRounds, type Rounds, type Stopped, type SyncState as Syncing } from './rounds'
import type { PersonDatabase } from '../store/db'
import { newVersion } from './version'

/**
 * What the banner says. `clockAheadMs`: by how much the phone's clock is ahead of the server's. `sent`: bytes of the
 * photos that are on their way, by id.
 */
export interface SyncState extends Syncing {
  lastSyncAt: string | null
  clockAheadMs: number | null
  sent: Record<string, number>
}

export interface Sync extends Rounds {
  readonly state: Readonly<SyncState>
}

const EVERY_MS = 30_000
const KEEP_CLOSED_MS = 14 * 24 * 3600 * 1000
const SIGNED_OUT: Stopped = { status: 401, message: '登录已结束。可以继续打分，重新登录后自动同步。' }

/** Starts the sync of a person's database. `token` gives the session's token, null once it has ended. */
export function startSync(db: PersonDatabase, token: () => string | null, signedOut: () => void): Sync {
  const api = newApi(token)
  const state = reactive<SyncState>({ phase: 'idle', message: '', lastSyncAt: null, clockAheadMs: null, sent: {} })
  const version = newVersion(api, (ahead) => {
    state.clockAheadMs = ahead
  })
  const waiting: { value: Failure | null } = { value: null }

  async function round(everything: boolean): Promise<Stopped | null> {
    if (token() === null) return SIGNED_OUT
    const stopped =
      (await version.check()) ??
      (await pushAll(!everything)) ??
      (await announcePhotos(db, api)) ??
      (everything ? await pullAll() : null)
    if (stopped) return stopped
    // By the server's clock: a phone that is years ahead would forget at once.
    if (everything) await tidy(db, Date.now() - (state.clockAheadMs ?? 0))
    state.lastSyncAt = new Date().toISOString()
    // A visit that may not start yet, for instance: the rest is synced.
    return waiting.value
  }

  /** Before something that the service does not understand is put aside: perhaps this app has become too old for it. */
  const stillSpeaks = () => {
    version.forget()
    return version.check()
  }

  /**
   * Sends the changes of every visit, and fetches those (`pull`) of which the server has something newer. What one visit
   * is refused for keeps no other waiting.
   */
  async function pushAll(pull: boolean): Promise<Failure | null> {
    waiting.value = null
    for (const visit of await visitsWithWork(db)) {
      const pushed = await push(db, api, visit, stillSpeaks)
      if (!pushed.ok) {
        if (stopsAll(pushed)) return pushed
        waiting.value = pushed
        continue
      }
      state.clockAheadMs = pushed.clockAheadMs ?? state.clockAheadMs
      const pulled = pull && pushed.stale ? await pullVisit(db, api, visit) : null
      if (pulled && !pulled.ok && stopsAll(pulled)) return pulled
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

  async function photos(): Promise<Stopped | null> {
    if (token() === null) return SIGNED_OUT
    const sent = await sendPhotos(db, token, (id, bytes) => {
      if (bytes === null) state.sent = Object.fromEntries(Object.entries(state.sent).filter(([each]) => each !== id))
      else state.sent[id] = bytes
    })
    return sent.ok ? null : sent
  }

  const rounds = startRounds(state, 'zhiping-sync', round, { signedOut, everyMs: EVERY_MS, beside: photos })
  return { state: readonly(state), ...rounds }
}

async function visitsWithWork(db: PersonDatabase): Promise<string[]> {
  const queued = await db.operations.where({ state: 'queued' }).toArray()
  return [...new Set(queued.map((operation) => operation.visit))]
}

/** Visits that closed a fortnight before `now` (ms) leave the phone, once all of their work is on the server. */
export async function tidy(db: PersonDatabase, now: number): Promise<void> {
  for (const { id, view } of await db.visits.toArray()) {
    const old = view.closed_at !== null && now - Date.parse(view.closed_at) > KEEP_CLOSED_MS
    if (old && !(await hasUnsynced(db, id))) {
      await db.transaction('rw', db.tables, () => wipe(db, id))
    }
  }
}
