/** Words for where a message stands. */

import type { OutboxRow } from '../../api/types'

/** The sums of a publication's messages, in the order in which they are told. */
export const DELIVERIES = [
  ['sent', '微信已送达'],
  ['inbox_only', '仅站内'],
  ['waiting', '等待发送'],
  ['no_quota', '无订阅次数'],
  ['refused', '被拒收'],
  ['dead', '发送失败'],
] as const

export const DELIVERY: Readonly<Record<OutboxRow['state'], string>> = {
  pending: '等待发送',
  claimed: '准备发送',
  sending: '正在发送',
  sent: '微信已送达',
  refused: '被拒收',
  no_quota: '无订阅次数',
  dead: '发送失败',
  inbox_only: '仅站内',
}

/** What may be sent again all together. */
export const RESENDABLE: readonly OutboxRow['state'][] = ['refused', 'no_quota', 'dead', 'inbox_only']
