/** An event of the audit trail in words. */

import type { AuditRow } from '../../api/types'
import { ROLES } from './people'

export const momentText = (iso: string) =>
  new Date(iso).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', hour12: false })

export const whoText = ({ actor }: AuditRow) =>
  actor ? `${actor.name ?? '已不在册的人'}（${ROLES[actor.role]}）` : '系统或命令行'

export const objectText = ({ object }: AuditRow) =>
  object.name ? `${object.kind_name}：${object.name}` : object.kind_name

export const changeText = (row: AuditRow, { name, before, after }: AuditRow['changes'][number]) =>
  `${name}：${row.before ? `${before} → ` : ''}${after}`

/** The page of what the event is about, where it has one. */
export function pageOf({ object, after }: AuditRow): string | null {
  // A decision is seen where its submission is.
  if (object.kind === 'decision') return object.name ? `/submissions/${String(after?.submission_id)}` : null
  const pages: Readonly<Record<string, string>> = { submission: 'submissions', person: 'people', visit: 'visits' }
  const page = pages[object.kind]
  return page && object.name ? `/${page}/${object.id}` : null
}
