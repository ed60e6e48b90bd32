/** The city's queue of discrepancies, page after page from where the last one ended. */

import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { QueueRow } from '../../api/types'
import { api } from '../api'

interface Page {
  readonly items: readonly QueueRow[]
  readonly next_cursor: string | null
}

export interface Queue {
  readonly rows: ShallowRef<readonly QueueRow[] | null>
  readonly cursor: Ref<string | null>
  readonly trouble: Ref<string>
  readonly loading: Ref<boolean>
  load(): Promise<void>
  more(): Promise<void>
  /** Notes how the discrepancies of an item were settled, without losing one's place. */
  settle(submissionId: string, item: string, state: QueueRow['state']): void
}

export function useQueue(path: () => string | null): Queue {
  const rows = shallowRef<readonly QueueRow[] | null>(null)
  const cursor = ref<string | null>(null)
  const trouble = ref('')
  const loading = ref(false)
  let asked = 0

  async function fetch(from: string | null): Promise<void> {
    const wanted = path()
    if (wanted === null) return
    const mine = ++asked
    loading.value = true
    const answer = await api.get<Page>(from === null ? wanted : `${wanted}&cursor=${encodeURIComponent(from)}`)
    if (mine !== asked) return
    loading.value = false
    trouble.value = answer.ok ? '' : answer.message
    if (!answer.ok) return
    rows.value = from === null ? answer.data.items : [...(rows.value ?? []), ...answer.data.items]
    cursor.value = answer.data.next_cursor
  }

  function settle(submissionId: string, item: string, state: QueueRow['state']): void {
    rows.value = (rows.value ?? []).map((row) =>
      row.submission_id === submissionId && row.item === item ? { ...row, state } : row,
    )
  }

  watch(path, () => fetch(null), { immediate: true })
  return {
    ...{ rows, cursor, trouble, loading, settle },
    load: () => fetch(null),
    more: () => fetch(cursor.value),
  }
}
