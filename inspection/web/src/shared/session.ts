/** Who is signed in on this phone. The last person is remembered, so that the app starts without a network. */

import { reactive } from 'vue'
import { newApi } from '../api/client'
import type { Me, SessionOpened } from '../api/types'

// The sign-in page writes the first, and this app both.
const TOKEN = 'zhiping.token'
const REMEMBERED = 'zhiping.person'

interface Remembered {
  readonly me: Me | null
  /** The token that the service knew this person by. */
  readonly token: string | null
}

/** `me` is whose data is shown; `ended`: the session is over, and only signing in again can sync. */
export const session = reactive<{ me: Me | null; token: string | null; ended: boolean }>({
  ...remembered(),
  ended: false,
})

function remembered(): Remembered {
  const text = localStorage.getItem(REMEMBERED)
  return text === null ? { me: null, token: null } : (JSON.parse(text) as Remembered)
}

/**
 * The token to send as the person who is shown, null where there is none. Somebody else may have signed in on another
 * page since: nothing of this person's is ever sent in the other's name.
 */
export function token(): string | null {
  return session.token !== null && localStorage.getItem(TOKEN) === session.token ? session.token : null
}

/** Asks the service who is signed in; without an answer, whoever was stays. */
export async function refresh(): Promise<void> {
  const held = localStorage.getItem(TOKEN)
  if (held === null) {
    session.ended = session.me !== null
    return
  }
  const answer = await newApi(() => held).get<Me>('/api/me')
  if (answer.ok) {
    take({ me: answer.data, token: held })
  } else if (answer.status === 401) forget(held)
}

/** Opens a session by a password; gives why it could not, in a sentence, or "". */
export async function open(body: { readonly account: string; readonly password: string }): Promise<string> {
  const answer = await newApi(() => null).post<SessionOpened>('/api/sessions', body)
  if (!answer.ok) return answer.message
  take(answer.data)
  return ''
}

/** Goes on in another of the person's roles; whether it could be. */
export async function switchTo({ role, school_id, district }: Me['holding']): Promise<boolean> {
  const body = { holding: { role, school_id, district } }
  const answer = await newApi(token).put<SessionOpened>('/api/sessions/current', body)
  if (answer.ok) take(answer.data)
  return answer.ok
}

function take(opened: SessionOpened): void {
  localStorage.setItem(TOKEN, opened.token)
  localStorage.setItem(REMEMBERED, JSON.stringify({ me: opened.me, token: opened.token } satisfies Remembered))
  Object.assign(session, { me: opened.me, token: opened.token, ended: false })
}

/** A request found no session. What is on the phone stays; whoever has signed in since is asked for. */
export function end(): void {
  const held = localStorage.getItem(TOKEN)
  if (held !== null && held !== session.token) void refresh()
  else forget(session.token)
}

/**
 * The session of whoever `who` names now, for work that may go on after somebody else has signed in: nothing of it is sent
 * in their name, nor ends their session.
 */
export function ownSession(who: () => unknown): { token: () => string | null; end: () => void } {
  const first = who()
  return {
    token: () => (who() === first ? token() : null),
    end: () => {
      if (who() === first) end()
    },
  }
}

function forget(ended: string | null): void {
  if (localStorage.getItem(TOKEN) === ended) localStorage.removeItem(TOKEN)
  session.ended = true
}

/** Signs out: the next person on this phone sees nothing of this one, and nothing of this one is deleted. */
export async function signOut(): Promise<void> {
  await newApi(token).delete('/api/sessions/current')
  localStorage.removeItem(TOKEN)
  localStorage.removeItem(REMEMBERED)
  Object.assign(session, { me: null, token: null, ended: false })
}

// Another tab has signed in or out.
window.addEventListener('storage', (event) => {
  if (event.key === TOKEN) void refresh()
})
