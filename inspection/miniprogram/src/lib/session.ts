/** Who is signed in: by `wx.login` alone once the WeChat user is bound to a person, and binding before that. */

import { failed, request, type Answer, type Failure } from './request'
import { forget, keep, read } from './storage'
import type { Holding, HoldingView, Me, SessionOpened, WeChatSession } from './types'

/** `unbound`: WeChat's user is nobody's yet; the ticket binds them, once, within ten minutes. */
export type SignedIn =
  | { readonly kind: 'signed_in'; readonly me: Me }
  | { readonly kind: 'unbound'; readonly ticket: string }
  | { readonly kind: 'failed'; readonly failure: Failure }

let underWay: Promise<SignedIn> | null = null

/** The person that this phone knows, also without a network; null where nobody has been here. */
export function remembered(): { readonly token: string; readonly me: Me } | null {
  return read('session')
}

/** Signs in anew. Several who ask at once get the same answer. */
export function signIn(): Promise<SignedIn> {
  underWay ??= attempt(2).finally(() => {
    underWay = null
  })
  return underWay
}

async function attempt(left: number): Promise<SignedIn> {
  const code = await loginCode()
  if (code === null) {
    return { kind: 'failed', failure: failed('no_login', '微信没有应答，请检查网络；连上后会自动重试，也可以点“重试”') }
  }
  const holding = remembered()?.me.holding
  const body = holding === undefined ? { code } : { code, holding: plain(holding) }
  const answer = await request<WeChatSession>('POST', '/api/wechat/sessions', null, body)
  if (answer.ok) return taken(answer.data)
  if (left > 0 && canBeHelped(answer.code)) return attempt(left - 1)
  return { kind: 'failed', failure: answer }
}

/** A role that was taken away is not asked for again; a code of `wx.login` that is spent is replaced. */
function canBeHelped(code: string): boolean {
  if (code === 'not_held') forget('session')
  return code === 'not_held' || code === 'wechat_code_spent'
}

function taken(session: WeChatSession): SignedIn {
  if (session.state === 'signed_in') return { kind: 'signed_in', me: keepSession(session.session) }
  // Whoever has this phone now sees nothing of the person before.
  forget('session', 'inbox', 'seen')
  return { kind: 'unbound', ticket: session.ticket }
}

function keepSession(opened: SessionOpened): Me {
  if (remembered()?.me.person_id !== opened.me.person_id) forget('inbox', 'seen')
  keep('session', { token: opened.token, me: opened.me })
  return opened.me
}

function loginCode(): Promise<string | null> {
  return new Promise((resolve) => {
    wx.login({
      success: ({ code }) => {
        resolve(code)
      },
      fail: () => {
        resolve(null)
      },
    })
  })
}

/** Binds WeChat's user by what they have: the code of an invitation, or that of the phone number button. */
export type Proof = { readonly invitation: string } | { readonly phone_code: string }

/** Binds and signs in. A ticket that has run out meanwhile is replaced without a word. */
export async function bind(proof: Proof): Promise<Answer<Me>> {
  for (let last = false; ; last = true) {
    const state = await signIn()
    if (state.kind === 'failed') return state.failure
    if (state.kind === 'signed_in') return { ok: true, data: state.me }
    const answer = await request<SessionOpened>('POST', '/api/wechat/bindings', null, {
      ticket: state.ticket,
      ...proof,
    })
    if (answer.ok) return { ok: true, data: keepSession(answer.data) }
    if (last || answer.code !== 'ticket_spent') return answer
  }
}

/** Goes on in another of the person's roles. */
export async function switchTo(holding: HoldingView): Promise<Answer<Me>> {
  const answer = await call<SessionOpened>('PUT', '/api/sessions/current', { holding: plain(holding) })
  return answer.ok ? { ok: true, data: keepSession(answer.data) } : answer
}

/** A request in the person's name. A session that has ended is opened anew, once; failure `unbound`: it can't be. */
export async function call<T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer<T>> {
  const held = remembered()
  if (held !== null) {
    const answer = await request<T>(method, path, held.token, body)
    if (answer.ok || answer.status !== 401) return answer
  }
  // Another request may have signed in meanwhile.
  const fresh = remembered()
  if (fresh !== null && fresh.token !== held?.token) return request(method, path, fresh.token, body)
  const state = await signIn()
  if (state.kind === 'failed') return state.failure
  if (state.kind === 'unbound') return failed('unbound', '您的微信还没有绑定，或已被解除绑定，请重新绑定')
  return request(method, path, remembered()?.token ?? null, body)
}

/** A role as requests name it, from one as answers show it. */
function plain({ role, school_id, district }: HoldingView): Holding {
  return { role, school_id, district } as Holding
}
