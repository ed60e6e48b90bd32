/** Requests of the console, and an answer of the service as what a page shows. */

import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { newApi, type Answer, type Api } from '../api/client'
import { end, token } from '../shared/session'

const plain = newApi(token)

/** The API in the name of who is signed in. A session that is over ends here, and the sign-in page takes its place. */
export const api: Api = {
  get: (path) => told(plain.get(path)),
  post: (path, body) => told(plain.post(path, body)),
  put: (path, body) => told(plain.put(path, body)),
  patch: (path, body) => told(plain.patch(path, body)),
  delete: (path) => told(plain.delete(path)),
}

async function told<T>(request: Promise<Answer<T>>): Promise<Answer<T>> {
  const answer = await request
  if (!answer.ok && answer.status === 401) end()
  // The phones' words promise what a desk does not keep.
  return !answer.ok && answer.status === 0 ? { ...answer, message: '网络不通，请检查网络后重试。' } : answer
}

export interface Fetched<T> {
  readonly data: ShallowRef<T | null>
  /** Why it could not be fetched; empty where it could. What was there before stays. */
  readonly trouble: Ref<string>
  readonly loading: Ref<boolean>
  load(): Promise<void>
}

/** What the service answers at `path` (null: nothing to ask for yet), asked again whenever the path changes. */
export function useAnswer<T>(path: () => string | null): Fetched<T> {
  const data = shallowRef<T | null>(null)
  const trouble = ref('')
  const loading = ref(false)
  let asked = 0

  async function load(): Promise<void> {
    const wanted = path()
    if (wanted === null) return
    const mine = ++asked
    loading.value = true
    const answer = await api.get<T>(wanted)
    // An answer that was overtaken by a later question is of no use.
    if (mine !== asked) return
    loading.value = false
    trouble.value = answer.ok ? '' : answer.message
    if (answer.ok) data.value = answer.data
  }

  watch(path, load, { immediate: true })
  onScopeDispose(() => {
    asked += 1
  })
  return { data, trouble, loading, load }
}

/** All of a list that the service gives page by page from a cursor. */
export function useAll<T>(path: () => string | null): Fetched<readonly T[]> {
  const data = shallowRef<readonly T[] | null>(null)
  const trouble = ref('')
  const loading = ref(false)
  let asked = 0

  async function load(): Promise<void> {
    const wanted = path()
    if (wanted === null) return
    const mine = ++asked
    loading.value = true
    const found: T[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const more: string = new URLSearchParams({ limit: '200', ...(cursor ? { cursor } : {}) }).toString()
      const answer: Answer<{ items: readonly T[]; next_cursor: string | null }> = await api.get(
        `${wanted}${wanted.includes('?') ? '&' : '?'}${more}`,
      )
      if (mine !== asked) return
      trouble.value = answer.ok ? '' : answer.message
      if (!answer.ok) break
      found.push(...answer.data.items)
      cursor = answer.data.next_cursor
    }
    loading.value = false
    if (!trouble.value) data.value = found
  }

  watch(path, load, { immediate: true })
  onScopeDispose(() => {
    asked += 1
  })
  return { data, trouble, loading, load }
}
