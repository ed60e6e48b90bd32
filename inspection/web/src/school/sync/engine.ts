/**
 * A round of the school's sync: what was typed goes first; then what others wrote and what became of the submission. Files
 * go beside it, and are attached when they are stored: no word that is typed waits for them.
 */

import { reactive, readonly } from 'vue'
import { newApi, stopsAll, type Failure } from '../../api/client'
import type { SubmissionView } from '../../api/types'
import { startRounds, type Rounds, type Stopped, type SyncState as Syncing } from '../../sync/rounds'
import { newVersion } from '../../sync/version'
import type { SchoolDatabase } from '../store/db'
import { sendFiles } from './files'
import { pullChanges, pullFirst, pullInbox, pullView, VIEW } from './pull'
import { push } from './push'

/** What the banner says. `sent`: bytes of the files that are on their way, by id. */
export interface SyncState extends Syncing {
  sent: Record<string, number>
}

export interface Sync extends Rounds {
  readonly state: Readonly<SyncState>
  /** Keeps what is missing and what can be done up to date, until what it gives is called. */
  watch(): () => void
}

/** A second contact sees what the first typed after at most so long. */
const EVERY_MS = 10_000
const SIGNED_OUT: Stopped = { status: 401, message: '登录已结束。可以继续填写，重新登录后自动保存。' }

/** Starts the sync of a school's database. `token` gives the session's token, null once it has ended. */
export function startSync(db: SchoolDatabase, token: () => string | null, signedOut: () => void): Sync {
  const api = newApi(token)
  const state = reactive<SyncState>({ phase: 'idle', message: '', sent: {} })
  const version = newVersion(api, () => {})
  let watchers = 0
  let started = false

  async function round(everything: boolean): Promise<Stopped | null> {
    if (token() === null) return SIGNED_OUT
    const stopped = (await version.check()) ?? (started ? null : await pullFirst(db, api))
    if (stopped) return stopped
    started = true
    const view = await db.read<SubmissionView>(VIEW)
    if (!view) return pullInbox(db, api)
    const refused = await push(db, api, view.id)
    // A form that takes no changes any more is no reason not to hear what became of it.
    if (refused && stopsAll(refused)) return refused
    return (await pull(view)) ?? (everything ? await pullInbox(db, api) : null) ?? refused
  }

  async function pull(view: SubmissionView): Promise<Failure | null> {
    const changes = await pullChanges(db, api, view.id)
    if (!changes.ok) return changes
    const old = changes.state !== view.state || (watchers > 0 && changes.version !== view.version)
    return old ? pullView(db, api, view.id) : null
  }

  async function beside(): Promise<Stopped | null> {
    const view = await db.read<SubmissionView>(VIEW)
    if (!view) return null
    const { failure, attached } = await sendFiles(db, view.id, token, state.sent)
    // Each is attached by a change of its own.
    if (attached) rounds.soon()
    return failure
  }

  const rounds = startRounds(state, 'zhiping-school-sync', round, { signedOut, everyMs: EVERY_MS, beside })
  return {
    ...rounds,
    state: readonly(state),
    watch() {
      watchers++
      rounds.soon()
      return () => {
        watchers--
      }
    },
  }
}
