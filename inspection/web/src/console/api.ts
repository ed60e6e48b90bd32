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

/** Puts a question about the path as it is now, and takes its answer, unless a later question has overtaken it. */
type Ask = <T>(
  question: (path: string, current: () => boolean) => Promise<Answer<T>>,
  take: (found: T) => void,
) => Promise<void>

function useAsking(path: () => string | null): { trouble: Ref<string>; loading: Ref<boolean>; ask: Ask } {
  const trouble = ref('')
  const loading = ref(false)
  let asked = 0

  const ask: Ask = async (question, take) => {
    const wanted = path()
    if (wanted === null) return
    const mine = ++asked
    loading.value = true
    const answer = await question(wanted, () => mine === asked)
    if (mine !== asked) return
    loading.value = false
    trouble.value = answer.ok ? '' : answer.message
    if (answer.ok) take(answer.data)
  }

  onScopeDispose(() => {
    asked += 1
  })
  return { trouble, loading, ask }
}

/** What the service answers at `path` (null: nothing to ask for yet), asked again whenever the path changes. */
export function useAnswer<T>(path: () => string | null): Fetched<T> {
  const data = shallowRef<T | null>(null)
  const { trouble, loading, ask } = useAsking(path)

  const load = () =>
    ask(
      (wanted) => api.get<T>(wanted),
      (found) => {
        data.value = found
      },
    )
  watch(path, load, { immediate: true })
  return { data, trouble, loading, load }
}

/** The path with more of a query; "" is none. */
export function withQuery(path: string, more: string): string {
  return more ? `${path}${path.includes('?') ? '&' : '?'}${more}` : path
}

interface Part<T> {
  readonly items: readonly T[]
  readonly next_cursor: string | null
}

/** A part of a list that the service gives from a cursor; null: its beginning. */
function part<T>(path: string, limit: number, cursor: string | null): Promise<Answer<Part<T>>> {
  const query = new URLSearchParams({ limit: String(limit), ...(cursor === null ? {} : { cursor }) })
  return api.get(withQuery(path, query.toString()))
}

/** All of such a list. */
export function useAll<T>(path: () => string | null): Fetched<readonly T[]> {
  const data = shallowRef<readonly T[] | null>(null)
  const { trouble, loading, ask } = useAsking(path)

  async function everything(wanted: string, current: () => boolean): Promise<Answer<readonly T[]>> {
    const found: T[] = []
    let cursor: string | null = null
    do {
      const answer: Answer<Part<T>> = await part(wanted, 200, cursor)
      if (!answer.ok) return answer
      found.push(...answer.data.items)
      cursor = answer.data.next_cursor
    } while (cursor !== null && current())
    return { ok: true, data: found }
  }

  const load = () =>
    ask(everything, (found) => {
      data.value = found
    })
  watch(path, load, { immediate: true })
  return { data, trouble, loading, load }
}

export interface Listed<T> extends Omit<Fetched<T>, 'data'> {
  readonly items: ShallowRef<readonly T[] | null>
  /** Whether there is more of it. */
  readonly more: Ref<boolean>
  /** Fetches the next part. */
  next(): Promise<void>
}

/** Such a list as far as the person has asked for it, from its beginning whenever the path changes. */
export function useListed<T>(path: () => string | null, limit = 100): Listed<T> {
  const items = shallowRef<readonly T[] | null>(null)
  const more = ref(false)
  const { trouble, loading, ask } = useAsking(path)
  let cursor: string | null = null

  const from = (begin: string | null) =>
    ask(
      (wanted) => part<T>(wanted, limit, begin),
      (found) => {
        items.value = [...(begin === null ? [] : (items.value ?? [])), ...found.items]
        cursor = found.next_cursor
        more.value = cursor !== null
      },
    )
  const load = () => from(null)
  watch(path, load, { immediate: true })
  return { items, trouble, loading, more, load, next: () => from(cursor) }
}
