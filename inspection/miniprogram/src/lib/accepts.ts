/** Messages by WeChat: what is asked for, when, and that the service is told of each choice, also after a dead spot. */

import { call } from './session'
import { keep, read } from './storage'
import type { Accept, Holding, Quota, Quotas } from './types'

/** WeChat shows at most three templates a tap on every version that is about. */
export const MOST = 3
const A_WEEK_MS = 7 * 24 * 3600 * 1000
// The service takes fifty at once.
const BATCH = 50

/** What one tap asks for, and the words around it. */
export interface Offer {
  readonly title: string
  readonly templates: readonly string[]
}

interface Moment {
  readonly title: string
  readonly events: readonly string[]
}

const SUBMITTED: Moment = {
  title: '申报已提交。退回、答复差异和公布结果时，让微信告诉您？',
  events: ['result.published', 'submission.returned', 'discrepancy.to_answer', 'visit.planned'],
}
const INSPECTING: Moment = {
  title: '现场评估有安排或变动时，让微信告诉您？',
  events: ['visit.assigned', 'visit.changed', 'visit.cancelled'],
}
// From handing in until the result is out there is something to wait for.
const WAITING = ['submitted', 'returned', 'endorsed', 'visiting', 'scored', 'decided']

/** What to ask for now; null: nothing. `state` is that of the school's submission. */
export function offer(
  role: Holding['role'],
  state: string | null,
  quotas: readonly Quota[],
  now: number,
): Offer | null {
  const moment = momentOf(role, state)
  if (moment === null) return null
  const refused = read('refused') ?? {}
  const wanted = moment.events.flatMap((event) => quotas.filter((quota) => quota.events.includes(event)))
  const open = wanted.filter((quota) => quota.left === 0 && now - (refused[quota.template_id] ?? 0) > A_WEEK_MS)
  // One template may tell of several events.
  const templates = [...new Set(open.map((quota) => quota.template_id))].slice(0, MOST)
  return templates.length > 0 ? { title: moment.title, templates } : null
}

function momentOf(role: Holding['role'], state: string | null): Moment | null {
  if (role === 'inspector') return INSPECTING
  return role === 'school' && state !== null && WAITING.includes(state) ? SUBMITTED : null
}

/**
 * Asks, in WeChat's own dialog; it opens only from a tap, so nothing may be awaited before. Gives what to tell the
 * person.
 */
export function ask(templates: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    wx.requestSubscribeMessage({
      tmplIds: [...templates],
      success: (chosen) => {
        resolve(note(templates, chosen))
      },
      fail: ({ errCode }) => {
        resolve(FAILURES[errCode] ?? '微信没有打开询问，请稍后再点一次；所有消息都在“消息”里')
      },
    })
  })
}

const FAILURES: Record<number, string> = {
  20004: '您在微信里关闭了本小程序的消息。要打开：右上角“…”→“设置”→“通知管理”。不打开也没关系，消息都在“消息”里',
  20005: '微信暂停了本小程序的消息，请以“消息”里的为准',
}

/** Keeps what was chosen until the service has it. */
function note(templates: readonly string[], chosen: Record<string, string>): string {
  const now = new Date()
  const made = templates.map<Accept>((template_id) => ({
    ...{ id: newId(), template_id, result: chosen[template_id] ?? 'reject', at: now.toISOString() },
  }))
  keep('accepts', [...(read('accepts') ?? []), ...made])
  const no = made.filter((each) => !each.result.startsWith('accept'))
  keep('refused', { ...read('refused'), ...Object.fromEntries(no.map((each) => [each.template_id, now.getTime()])) })
  return no.length === made.length ? '没关系，消息都在“消息”里' : '好的，到时微信会告诉您'
}

/** Tells the service what it does not know yet; gives the quotas, null where there is no answer. */
export async function report(): Promise<readonly Quota[] | null> {
  const waiting = (read('accepts') ?? []).slice(0, BATCH)
  if (waiting.length === 0) {
    const quotas = await call<Quotas>('GET', '/api/wechat/accepts')
    return quotas.ok ? quotas.data.quotas : null
  }
  const sent = { device_now: new Date().toISOString(), accepts: waiting }
  const answer = await call<Quotas>('POST', '/api/wechat/accepts', sent)
  const later =
    !answer.ok && (answer.status === 0 || answer.status === 401 || answer.status === 429 || answer.status >= 500)
  if (later) return null
  // What the service will never take is not sent for ever.
  const gone = new Set(waiting.map((each) => each.id))
  keep(
    'accepts',
    (read('accepts') ?? []).filter((each) => !gone.has(each.id)),
  )
  return answer.ok ? answer.data.quotas : null
}

/** A UUID (version 4). It tells reports of one person apart and guards nothing, so `Math.random` will do. */
function newId(): string {
  const hex = (mask: number, bits: number) => (Math.floor(Math.random() * 16) & mask) | bits
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (each) =>
    (each === 'x' ? hex(15, 0) : hex(3, 8)).toString(16),
  )
}
