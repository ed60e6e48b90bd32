/** A long list of the service, fetched part by part from a cursor as the person asks for more. */

import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { api } from './api'

export interface Listed<T> {
  readonly items: ShallowRef<readonly T[] | null>
  readonly trouble: Ref<string>
  readonly loading: Ref<boolean>
  /** Whether there is more of it. */
  readonly more: Ref<boolean>
  /** From its beginning. */
  load(): Promise<void>
  /** The next part. */
  next(): Promise<void>
}

/** The list at `path`, from its beginning whenever the path changes. */
export function useListed<T>(path: () => string | null): Listed<T> {
  const items = shallowRef<readonly T[] | null>(null)
  const trouble = ref('')
  const loading = ref(false)
  const more = ref(false)
  let cursor = ''
  let asked = 0

  async function fetchFrom(from: string): Promise<void> {
    const wanted = path()
    if (wanted === null) return
    const mine = ++asked
    loading.value = true
    const query = new URLSearchParams({ limit: '100', ...(from ? { cursor: from } : {}) }).toString()
    const answer = await api.get<{ items: readonly T[]; next_cursor: string | null }>(
      `${wanted}${wanted.includes('?') ? '&' : '?'}${query}`,
    )
    // An answer that was overtaken by a later question is of no use.
    if (mine !== asked) return
    loading.value = false
    trouble.value = answer.ok ? '' : answer.message
    if (!answer.ok) return
    items.value = [...(from ? (items.value ?? []) : []), ...answer.data.items]
    cursor = answer.data.next_cursor ?? ''
    more.value = cursor !== ''
  }

  const load = () => fetchFrom('')
  watch(path, load, { immediate: true })
  onScopeDispose(() => {
    asked += 1
  })
  return { items, trouble, loading, more, load, next: () => fetchFrom(cursor) }
}
