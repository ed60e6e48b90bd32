/** Words for where a message stands, and for what it tells. */

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

export const MESSAGES: Readonly<Record<string, string>> = {
  'submission.received': '申报已收到',
  'submission.returned': '申报被退回',
  'submission.endorsed': '获得推荐',
  'submission.declined': '未获推荐',
  'submission.decline_undone': '撤销不予推荐',
  'submission.withdrawn': '退出申报',
  'deadline.near': '截止提醒',
  'visit.planned': '现场评估安排（学校）',
  'visit.assigned': '现场评估安排（专家）',
  'visit.changed': '现场评估有改动',
  'visit.unassigned': '不再参加现场评估',
  'visit.cancelled': '现场评估取消',
  'visit.all_signed': '评分表已签齐',
  'visit.reopened': '现场评估重开',
  'score_sheet.reopened': '评分表重开',
  'discrepancy.to_answer': '请答复差异',
  'answer.settled': '答复已处理',
  'result.published': '结果公布（学校）',
  'result.corrected': '结果更正（学校）',
  'district_result.published': '结果公布（市、区）',
  'district_result.corrected': '结果更正（市、区）',
  'cycle.extended': '上报延期',
  'recommendation_list.reopened': '推荐名单重开',
}
