/**
 * Sync comes in rounds, one at a time, which start by themselves: when the app opens or comes to the front, when the
 * network is back, after a change, and by pull. Nothing here ever blocks what a person does.
 */

import type { Failure } from '../api/client'

export type Phase = 'idle' | 'syncing' | 'offline' | 'signed_out' | 'trouble'

/** What the banner says. */
export interface SyncState {
  phase: Phase
  message: string
}

/** Why a round stopped. */
export type Stopped = Pick<Failure, 'status' | 'message'>

export interface Rounds {
  /** Syncs now; resolves when it is done, or knows why it can't. */
  now(): Promise<void>
  /** Syncs in a moment: changes in quick succession go together. */
  soon(): void
  stop(): void
}

const SOON_MS = 400

/**
 * Keeps `round` going; it tells why it stopped, or null. `state` follows it. Only one tab is at it at a time, where the
 * browser knows locks (`lock` is theirs); without them ids and versions keep what is sent twice from counting twice.
 */
export function startRounds(
  state: SyncState,
  lock: string,
  round: () => Promise<Stopped | null>,
  { signedOut, everyMs }: { signedOut: () => void; everyMs: number },
): Rounds {
  const turn: { running: Promise<void> | null; again: boolean } = { running: null, again: false }
  const wantedAgain = () => turn.again
  let timer: ReturnType<typeof setTimeout> | undefined

  const end = (stopped: Stopped | null) => {
    state.message = stopped?.message ?? ''
    state.phase = phaseOf(stopped)
    if (stopped?.status === 401) signedOut()
  }

  async function one(): Promise<void> {
    state.phase = 'syncing'
    end(await round())
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
      turn.running = exclusively(lock, one)
      try {
        await turn.running
      } catch {
        // Most likely a full disk or a database that another tab is upgrading: said, and tried again.
        end({ status: 500, message: '手机存储出现问题，稍后自动重试；请检查剩余空间。' })
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
  return stopped.status === 0 ? 'offline' : stopped.status === 401 ? 'signed_out' : 'trouble'
}

async function exclusively(lock: string, work: () => Promise<void>): Promise<void> {
  // Missing over plain HTTP, whatever the types say.
  const locks = navigator.locks as LockManager | undefined
  await (locks ? locks.request(lock, work) : work())
}
