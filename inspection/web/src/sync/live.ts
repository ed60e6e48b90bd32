/** What the service tells while there is a network: how far the team is, and that a visit has changed. */

import { reactive } from 'vue'
import { newApi } from '../api/client'
import type { Progress } from '../api/types'
import type { components } from '../api/schema.gen'

type Message = components['schemas']['LiveSnapshot' | 'LiveProgress' | 'LiveVisit' | 'LiveGone']

/** `connected`: news comes by itself; otherwise whoever wants to know has to ask. `progress` is by visit. */
export interface Live {
  readonly state: { connected: boolean; progress: Record<string, Progress> }
  stop(): void
}

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000
// What won't get better by coming again: an unknown message, too many sockets.
const GIVE_UP = [4400, 4429]

/** Listens as long as it may, coming again after every break, each time a little later. */
export function startLive(token: () => string | null, changed: () => void): Live {
  const state: Live['state'] = reactive({ connected: false, progress: {} })
  let socket: WebSocket | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = FIRST_WAIT_MS
  let stopped = false

  function hear(message: Message): void {
    if (message.type === 'snapshot') {
      for (const each of message.progress) state.progress[each.visit_id] = each
      wait = FIRST_WAIT_MS
      state.connected = true
    } else if (message.type === 'progress') {
      const { visit_id, inspectors } = message
      state.progress[visit_id] = { visit_id, inspectors }
    }
    if (message.type !== 'progress') changed()
  }

  async function connect(): Promise<void> {
    const ticket = token() === null ? null : await newApi(token).post<{ ticket: string }>('/api/live-tickets')
    if (isStopped()) return
    if (!ticket?.ok) {
      again()
      return
    }
    const opened = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`)
    socket = opened
    opened.addEventListener('open', () => {
      opened.send(JSON.stringify({ ticket: ticket.data.ticket }))
    })
    opened.addEventListener('message', (event: MessageEvent<string>) => {
      hear(JSON.parse(event.data) as Message)
    })
    opened.addEventListener('close', ({ code }) => {
      state.connected = false
      if (!GIVE_UP.includes(code)) again()
    })
  }

  const isStopped = () => stopped

  function again(): void {
    if (stopped) return
    clearTimeout(timer)
    // Not all at once, after the service has restarted.
    timer = setTimeout(() => void connect(), wait * (0.5 + Math.random() / 2))
    wait = Math.min(wait * 2, LONGEST_WAIT_MS)
  }

  const back = () => {
    if (state.connected) return
    clearTimeout(timer)
    wait = FIRST_WAIT_MS
    socket?.close()
    again()
  }
  addEventListener('online', back)
  void connect()

  return {
    state,
    stop() {
      stopped = true
      clearTimeout(timer)
      removeEventListener('online', back)
      socket?.close()
    },
  }
}
