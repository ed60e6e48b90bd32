/** What an event of the audit trail changed, field by field. */

import type { AuditRow } from '../../api/types'
import { untilText } from '../../shared/words'

const WORDS: Readonly<Record<string, string>> = {
  name: '姓名或名称',
  phone: '电话',
  holdings: '身份',
  holding: '身份',
  state: '状态',
  reason: '理由',
  version: '版本',
  date: '日期',
  half: '上下午',
  team: '评估组',
  district: '市（区）',
  school_id: '学校',
  submission_id: '申报',
  person_id: '人员',
  points: '得分（百分之一分）',
  total: '总分（百分之一分）',
  attained: '达到',
  awarded: '认定',
  hand_in: '上报截止',
  closes: '截止',
  expires_at: '到期',
  until: '公示截止',
  schools: '学校数',
  order: '顺序',
  contact: '联系人',
  opinion: '意见',
  note: '说明',
  result: '结果',
  messages: '消息数',
  sha256: '指纹',
  dates: '日程',
  ties: '回避的学校',
  stages: '学段',
  past_awards: '历年等级',
  kind: '种类',
  rubric: '细则',
  rubric_sha256: '细则指纹',
  location: '位置',
}

const VALUES: Readonly<Record<string, string>> = {
  draft: '填报中',
  submitted: '已提交',
  returned: '已退回',
  endorsed: '已推荐',
  declined: '不予推荐',
  visiting: '现场评估中',
  scored: '已评分',
  decided: '已认定',
  published: '已公布',
  withdrawn: '已退出',
  demonstration: '示范型',
  excellent: '优秀型',
  qualified: '合格型',
  sustained: '异议成立',
  dismissed: '异议不成立',
}

export interface Changed {
  readonly name: string
  readonly before: string
  readonly after: string
}

function told(value: unknown): string {
  if (value === null || value === undefined || value === '') return '（空）'
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? untilText(value) : (VALUES[value] ?? value)
}

/** The fields that differ, or were said for the first time; with what was there before. */
export function changesOf({ before, after }: Pick<AuditRow, 'before' | 'after'>): Changed[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  return names
    .map((name) => ({ name: WORDS[name] ?? name, before: told(before?.[name]), after: told(after?.[name]) }))
    .filter((each) => each.before !== each.after)
}
