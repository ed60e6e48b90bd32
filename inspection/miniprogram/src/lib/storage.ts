/** What the phone keeps between two launches. WeChat keeps it apart for each of its users. */

import type { Accept, InboxMessage, Me } from './types'

interface Kept {
  /** Who is signed in. */
  session: { token: string; me: Me }
  /** Messages as they were shown last, for a phone without a network. */
  inbox: { items: readonly InboxMessage[]; unread: number }
  /** The time of the newest message that was shown in the inbox (ISO 8601). */
  seen: string
  /** Choices about messages that the service has not been told of yet. */
  accepts: readonly Accept[]
  /** When a template was refused, in milliseconds: nobody likes to be asked twice. */
  refused: Record<string, number>
}

const prefix = 'zhiping.'

export function read<Key extends keyof Kept>(key: Key): Kept[Key] | null {
  // WeChat gives '' for what is not there.
  return wx.getStorageSync<Kept[Key] | ''>(prefix + key) || null
}

export function keep<Key extends keyof Kept>(key: Key, value: Kept[Key]): void {
  wx.setStorageSync(prefix + key, value)
}

export function forget(...keys: (keyof Kept)[]): void {
  for (const key of keys) wx.removeStorageSync(prefix + key)
}
