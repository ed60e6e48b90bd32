/** The service, the stub of WeChat, and what a test may do to both. `tests/miniprogram` in Python starts them. */

const { ZHIPING_SERVICE, ZHIPING_STUB, ZHIPING_CONTROL, ZHIPING_CITY_TOKEN } = process.env
if (!ZHIPING_SERVICE || !ZHIPING_STUB || !ZHIPING_CONTROL || !ZHIPING_CITY_TOKEN) {
  throw new Error('run by: pytest tests/miniprogram')
}
export const SERVICE = ZHIPING_SERVICE
const CITY = ZHIPING_CITY_TOKEN

async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<unknown> {
  return send('POST', url, body, headers)
}

async function send(
  method: string,
  url: string,
  body: object | null,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const sent = body === null ? null : JSON.stringify(body)
  const answer = await fetch(url, { method, body: sent, headers: { 'Content-Type': 'application/json', ...headers } })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${url}: ${String(answer.status)} ${text}`)
  return text ? JSON.parse(text) : null
}

/** A code as `wx.login` gives it. */
export async function loginCode(openid: string): Promise<string> {
  return ((await post(`${ZHIPING_STUB ?? ''}/control/login-code`, { openid })) as { code: string }).code
}

/** A code as the button of the phone number gives it. */
export async function phoneCode(number: string): Promise<string> {
  return ((await post(`${ZHIPING_STUB ?? ''}/control/phone-code`, { number })) as { code: string }).code
}

/** WeChat itself counts an accept as well. */
export async function acceptAtWeChat(openid: string, template_id: string): Promise<void> {
  await post(`${ZHIPING_STUB ?? ''}/control/accept`, { openid, template_id })
}

/** The next call of an endpoint of WeChat fails so. */
export async function rule(endpoint: string, errcode: number): Promise<void> {
  await post(`${ZHIPING_STUB ?? ''}/control/rule`, { endpoint, errcode })
}

export interface Message {
  readonly touser: string
  readonly template_id: string
  readonly page: string
}

/** The messages that WeChat delivered to a user. */
export async function messages(openid: string): Promise<readonly Message[]> {
  const all = (await send('GET', `${ZHIPING_STUB ?? ''}/control/messages`, null)) as Message[]
  return all.filter((each) => each.touser === openid)
}

async function control<T>(name: string, body: object = {}): Promise<T> {
  return (await post(`${ZHIPING_CONTROL ?? ''}/${name}`, body)) as T
}

export interface Person {
  readonly id: string
  readonly name: string
  readonly phone: string
}

/** Somebody who is registered and bound to no WeChat user. */
export function person(...roles: ('school' | 'inspector' | 'district' | 'city')[]): Promise<Person> {
  return control('person', { roles })
}

export interface School {
  readonly name: string
  readonly contact: Person
  readonly submission_id: string
}

/** A school that has come so far ("draft", "complete", "submitted"); its contact is bound to no WeChat user. */
export function school(stage: string): Promise<School> {
  return control('school', { stage })
}

/** Somebody submits the form in a real browser, at the address of a web-view. */
export async function submitIn(url: string): Promise<void> {
  await control('submit', { url })
}

/** The clock of the service goes on. */
export async function advance(seconds: number): Promise<void> {
  await control('advance', { seconds })
}

/** The worker delivers what is due. */
export async function deliver(): Promise<void> {
  await control('deliver')
}

/** Somebody is told so many things that happen nowhere else. */
export async function tell(person_id: string, count: number): Promise<void> {
  await control('tell', { person_id, count })
}

export interface Invitation {
  readonly id: string
  readonly code: string
  readonly scene: string
}

/** What the city officer does. */
export const city = {
  invite: async ({ id }: Person) => (await byCity('POST', `/api/people/${id}/invitations`, {})) as Invitation,
  revoke: ({ id }: Person, invitation: Invitation) =>
    byCity('DELETE', `/api/people/${id}/invitations/${invitation.id}`),
  unbind: ({ id }: Person) => byCity('DELETE', `/api/people/${id}/wechat`),
  submission: (id: string) => byCity('GET', `/api/submissions/${id}`),
  /** All that comes between submitting and publishing, by whoever does it. */
  decide: ({ submission_id }: School) => control('decide', { submission_id }),
  publish: () => control('publish'),
}

function byCity(method: string, path: string, body: object | null = null): Promise<unknown> {
  return send(method, SERVICE + path, body, { Authorization: `Bearer ${CITY}` })
}

/** What a web-view does with its address: the page redeems the ticket and goes on with a session of its own. */
export async function openWebView(url: string): Promise<{ token: string; path: string }> {
  const [, ticket, path = ''] = /#([^/]*)(\/.*)?$/.exec(url) ?? []
  const opened = (await post(`${SERVICE}/api/sessions`, { link: ticket ?? '' })) as { token: string }
  return { token: opened.token, path }
}

/** A request in somebody's name. */
export function as(token: string, path: string): Promise<unknown> {
  return send('GET', SERVICE + path, null, { Authorization: `Bearer ${token}` })
}

/** What a real browser shows of the address of a web-view, once these words are there. */
export function browse(url: string, until: string): Promise<{ path: string; text: string }> {
  return control('browse', { url, until })
}
