/** A district's recommendation list (附件4) as fields that are saved by themselves; its order is one of them. */

import { shallowRef, type ShallowRef } from 'vue'
import type { Answer } from '../../api/client'
import type { ListView } from '../../api/types'
import { session } from '../../shared/session'
import { api } from '../api'
import { useAutosave, type Autosave, type Versioned } from '../review/autosave'
import type { Fields } from '../review/merge'
import { kept } from './order'

export const NAMES: Readonly<Record<string, string>> = { contact: '联系人', phone: '联系人电话', order: '学校次序' }

export interface RecommendationList {
  readonly view: ShallowRef<ListView | null>
  readonly autosave: Autosave
  readonly order: () => readonly string[]
  /** Saves the list as it stands even where nothing was changed: so the order that is seen is the one that is meant. */
  confirm(): Promise<Answer<ListView>>
}

export function useList(district: string, closed: (view: ListView) => string): RecommendationList {
  const path = `/api/recommendation-lists/${district}`
  const view = shallowRef<ListView | null>(null)

  function seen(answer: Answer<ListView>): Answer<Versioned> {
    if (!answer.ok) return answer
    view.value = answer.data
    return { ok: true, data: { version: answer.data.version, fields: fieldsOf(answer.data) } }
  }

  async function put({ version, fields }: Versioned): Promise<Answer<ListView>> {
    const [contact, phone] = [fields['contact'] ?? null, fields['phone'] ?? null]
    const body = { version, contact, phone, order: listOf(fields) }
    const answer = await api.put<ListView>(path, body)
    if (answer.ok || !answer.details.some((detail) => detail.path.startsWith('/order'))) return answer
    // Schools came or went meanwhile: the order of the others is kept.
    const now = await api.get<ListView>(path)
    if (!now.ok) return now
    view.value = now.data
    return api.put<ListView>(path, { ...body, order: kept(body.order, now.data.order) })
  }

  const autosave = useAutosave({
    key: `zhiping.list.${session.me?.person_id ?? ''}.${district}`,
    read: async () => seen(await api.get<ListView>(path)),
    write: async (wanted) => seen(await put(wanted)),
    closed: () => (view.value ? closed(view.value) : ''),
  })

  return {
    view,
    autosave,
    order: () => listOf(autosave.state.fields),
    async confirm() {
      const answer = await put({ version: view.value?.version ?? 0, fields: autosave.state.fields })
      if (answer.ok) await autosave.refresh()
      return answer
    },
  }
}

function fieldsOf({ contact, phone, order }: ListView): Fields {
  return {
    ...(contact ? { contact } : {}),
    ...(phone ? { phone } : {}),
    ...(order.length ? { order: order.join(',') } : {}),
  }
}

function listOf(fields: Fields): readonly string[] {
  return String(fields['order'] ?? '')
    .split(',')
    .filter(Boolean)
}
