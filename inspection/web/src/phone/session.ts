/** Who is signed in on this phone. The last person is remembered, so that the app starts without a network. */

import { reactive } from 'vue'
import { newApi } from '../api/client'
import type { Me } from '../api/types'

// The sign-in page writes the first, and this app both.
const TOKEN = 'zhiping.token'
const ME = 'zhiping.me'

/** `me` is whose data is shown; `ended`: the session is over, and only signing in again can sync. */
export const session = reactive<{ me: Me | null; ended: boolean }>({ me: remembered(), ended: false })

function remembered(): Me | null {
  const text = localStorage.getItem(ME)
  return text === null ? null : (JSON.parse(text) as Me)
}

/** The token of the session, null once it has ended. */
export function token(): string | null {
  return localStorage.getItem(TOKEN)
}

/** Asks the service who is signed in; without an answer, whoever was stays. */
export async function refresh(): Promise<void> {
  if (token() === null) {
    session.ended = session.me !== null
    return
  }
  const answer = await newApi(token).get<Me>('/api/me')
  if (answer.ok) {
    session.me = answer.data
    session.ended = false
    localStorage.setItem(ME, JSON.stringify(answer.data))
  } else if (answer.status === 401) end()
}

/** Notes that the session is over. What is on the phone stays. */
export function end(): void {
  localStorage.removeItem(TOKEN)
  session.ended = true
}

/** Signs out: the next person on this phone sees nothing of this one, and nothing of this one is deleted. */
export async function signOut(): Promise<void> {
  await newApi(token).delete('/api/sessions/current')
  localStorage.removeItem(TOKEN)
  localStorage.removeItem(ME)
  session.me = null
  session.ended = false
}
