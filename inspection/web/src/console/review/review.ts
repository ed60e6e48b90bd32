/** The review of a school as fields that are saved by themselves. */

import type { ReviewView } from '../../api/types'
import type { Answer } from '../../api/client'
import { session } from '../../shared/session'
import { api } from '../api'
import { useAutosave, type Autosave, type Versioned } from './autosave'
import type { Fields } from './merge'

/** What a field is called: "1.1.1/remark" → 1.1.1 意见. */
export function labelOf(field: string): string {
  const [code = '', part] = field.split('/')
  return part === undefined ? '市（区）教育局意见' : `${code} ${part === 'points' ? '建议分' : '意见'}`
}

export function useReview(id: string, closed: () => string): Autosave {
  const path = `/api/submissions/${id}/review`
  return useAutosave({
    key: `zhiping.review.${session.me?.person_id ?? ''}.${id}`,
    read: async () => versioned(await api.get<ReviewView>(path)),
    write: async (wanted) => versioned(await api.put<ReviewView>(path, bodyOf(wanted))),
    closed,
  })
}

function versioned(answer: Answer<ReviewView>): Answer<Versioned> {
  return answer.ok ? { ok: true, data: { version: answer.data.version, fields: fieldsOf(answer.data) } } : answer
}

/** The review as fields. */
export function fieldsOf(view: Pick<ReviewView, 'items' | 'opinion'>): Fields {
  const fields: Record<string, string | number> = {}
  for (const [code, { remark, points }] of Object.entries(view.items)) {
    if (remark) fields[`${code}/remark`] = remark
    if (points !== null) fields[`${code}/points`] = points
  }
  if (view.opinion) fields['opinion'] = view.opinion
  return fields
}

/** The fields as the service takes them. */
export function bodyOf({ version, fields }: Versioned): object {
  const items: Record<string, Record<string, string | number>> = {}
  for (const [field, value] of Object.entries(fields)) {
    const [code = '', part] = field.split('/')
    if (part !== undefined) items[code] = { ...items[code], [part]: value }
  }
  return { version, items, opinion: fields['opinion'] ?? null }
}
