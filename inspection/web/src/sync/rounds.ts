/**
 * Sync comes in rounds, one at a time, which start by themselves: when the app opens or comes to the front, when the
 * network is back, after a change, and by pull. What takes minutes (uploads) goes beside them, and no round waits for it.
 * Nothing here ever blocks what a person does.
 */

import { stopsAll, type Failure } from '../api/client'
import { inTurn } from './turns'
import { TOO_OLD } from './version'

export type Phase = 'idle' | 'syncing' | 'offline' | 'signed_out' | 'outdated' | 'trouble'

/** What the banner says. */
export interface SyncState {
  phase: Phase
  message: string
}

/** Why a round, or what goes beside it, stopped. */
export type Stopped = Pick<Failure, 'status' | 'message'> & { readonly code?: string }

export interface Rounds {
  /** Syncs all of it now; resolves when the round is done, or knows why it can't. */
  now(): Promise<void>
  /** Sends changes in a moment: those in quick succession go together. */
  soon(): void
  stop(): void
}

export interface Ways {
  readonly signedOut: () => void
  readonly everyMs: number
  /** Begins after each round that found the service. */
  readonly beside?: () => Promise<Stopped | null>
}

const SOON_MS = 400
// Most likely a full disk or a database that another tab is upgrading: said, and tried again.
const NO_DISK: Stopped = { status: 507, message: '手机存储出现问题，稍后自动重试；请检查剩余空间。' }

/**
 * Keeps `round` going, which gives why it stopped, or null. It is told whether everything is wanted, also what is new on
 * the service, or just that changes are sent. `state` follows. `lock` is that of the tabs.
 */
export function startRounds(
  state: SyncState,
  lock: string,
  round: (everything: boolean) => Promise<Stopped | null>,
  { signedOut, everyMs, beside }: Ways,
): Rounds {
  const lanes = { round: false, beside: false }
  const stopped: { round: Stopped | null; beside: Stopped | null } = { round: null, beside: null }
  let everything = true
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(): void {
    // What keeps the rounds from going keeps the rest too, which may not have noticed yet.
    const why = stopped.round ?? (lanes.beside ? null : stopped.beside)
    const busy = lanes.round || (lanes.beside && !why)
    state.phase = busy ? 'syncing' : phaseOf(why)
    state.message = busy ? '' : (why?.message ?? '')
  }

  async function go(lane: 'round' | 'beside', work: () => Promise<Stopped | null>): Promise<Stopped | null> {
    lanes[lane] = true
    show()
    const why = await work().catch(() => NO_DISK)
    stopped[lane] = why
    lanes[lane] = false
    show()
    if (why?.status === 401) signedOut()
    return why
  }

  const aside = inTurn(`${lock}-beside`, async () => {
    if (beside) await go('beside', beside)
  })
  const next = inTurn(lock, async () => {
    const all = everything
    everything = false
    const why = await go('round', () => round(all))
    const reached = !why || !stopsAll(why)
    // What was not asked for now is asked for the next time.
    if (!reached) everything ||= all
    else if (beside) void aside()
  })

  const now = () => {
    clearTimeout(timer)
    everything = true
    return next()
  }
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void next(), SOON_MS)
  }
  const toFront = () => {
    if (document.visibilityState === 'visible') void now()
  }
  const fromTimeToTime = setInterval(toFront, everyMs)
  const back = () => void now()
  const away = () => {
    state.phase = 'offline'
  }
  addEventListener('online', back)
  addEventListener('offline', away)
  document.addEventListener('visibilitychange', toFront)

  return {
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

function phaseOf(stopped: Stopped | null): Phase {
  if (!stopped) return 'idle'
  if (stopped.code === TOO_OLD) return 'outdated'
  return stopped.status === 0 ? 'offline' : stopped.status === 401 ? 'signed_out' : 'trouble'
}
