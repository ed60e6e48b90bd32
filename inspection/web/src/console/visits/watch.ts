/** Visits and how far their teams are, as it happens; asked for where no socket gets through. */

import { onScopeDispose } from 'vue'
import type { Progress } from '../../api/types'
import { token } from '../../shared/session'
import { startLive, type Live } from '../../sync/live'
import { api } from '../api'

const PAUSE_MS = 500
const FIRST_MS = 3000
const EVERY_MS = 15_000

/**
 * Calls `reload` whenever visits may have changed, and keeps the progress of those under way. Where nothing comes by
 * itself, both are asked for every 15 s, as long as the page is looked at: `open` are the visits whose progress matters.
 */
export function useWatch(reload: () => Promise<void>, open: () => readonly string[]): Live['state'] {
  let waiting: ReturnType<typeof setTimeout> | undefined
  // Many visits change at once when the service comes back, or in the morning.
  const live = startLive(token, () => {
    clearTimeout(waiting)
    waiting = setTimeout(() => void reload(), PAUSE_MS)
  })

  async function ask(): Promise<void> {
    if (live.state.connected || document.visibilityState !== 'visible') return
    await reload()
    for (const id of open()) {
      const answer = await api.get<Progress>(`/api/visits/${id}/progress`)
      if (!answer.ok) return
      live.state.progress[id] = answer.data
    }
  }

  const first = setTimeout(() => void ask(), FIRST_MS)
  const timer = setInterval(() => void ask(), EVERY_MS)
  onScopeDispose(() => {
    clearTimeout(first)
    clearTimeout(waiting)
    clearInterval(timer)
    live.stop()
  })
  return live.state
}

/** Of a team the items scored and to score, and the sheets signed; those who have left are not asked for anything. */
export function summed({ inspectors }: Progress): { scored: number; assigned: number; signed: number; team: number } {
  const team = inspectors.filter(({ member }) => member)
  const sum = (pick: (each: (typeof team)[number]) => number) => team.reduce((total, each) => total + pick(each), 0)
  return {
    scored: sum(({ scored }) => scored),
    assigned: sum(({ assigned }) => assigned),
    signed: team.filter(({ state }) => state === 'signed').length,
    team: team.length,
  }
}
