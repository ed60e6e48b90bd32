/** The inbox: what the person was told, and what of it came while they were away. */

import type { Answer } from './request'
import { call } from './session'
import { keep, read } from './storage'
import type { InboxMessage, InboxPage } from './types'

/** The newest messages; they are kept for a phone without a network. */
export async function newest(): Promise<Answer<InboxPage>> {
  const answer = await call<InboxPage>('GET', '/api/inbox')
  if (answer.ok) keep('inbox', { items: answer.data.items, unread: answer.data.unread })
  return answer
}

/** The messages after those of a page before. */
export function more(cursor: string): Promise<Answer<InboxPage>> {
  return call('GET', `/api/inbox?cursor=${encodeURIComponent(cursor)}`)
}

/** What was shown last. */
export function lastKnown(): { readonly items: readonly InboxMessage[]; readonly unread: number } {
  return read('inbox') ?? { items: [], unread: 0 }
}

/** How many of the messages came since the inbox was looked at last; from now on they are known. */
export function cameWhileAway(items: readonly InboxMessage[]): number {
  const seen = read('seen')
  const newest = items[0]?.at
  if (newest !== undefined) keep('seen', newest)
  const fresh = items.filter(
    (each) => each.read_at === null && (seen === null || Date.parse(each.at) > Date.parse(seen)),
  )
  return fresh.length
}

/** Notes that a message was read. Without a network it stays unread, and no harm is done. */
export async function markRead(id: string): Promise<void> {
  await call('POST', `/api/inbox/${id}/read`)
}

/** A moment as people here write it, in Beijing's time: 9月5日 10:30. */
export function shown(at: string): string {
  const local = new Date(Date.parse(at) + 8 * 3600 * 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${String(local.getUTCMonth() + 1)}月${String(local.getUTCDate())}日`
  return `${day} ${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`
}
