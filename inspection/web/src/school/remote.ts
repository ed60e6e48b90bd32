/** An answer of the service on a page: what the phone has kept of it at once, then what the service says now. */

import { onMounted, ref, type Ref, type ShallowRef } from 'vue'
import { newApi } from '../api/client'
import { useLive } from '../shared/live'
import { token } from '../shared/session'
import { useDesk } from './app'

export interface Remote<T> {
  readonly data: ShallowRef<T | null>
  /** Why it could not be fetched; empty where it could. */
  readonly trouble: Ref<string>
  /** Whether the service has answered (or failed to) since the page was opened. */
  readonly asked: Ref<boolean>
  load(): Promise<void>
}

export function useRemote<T>(path: () => string): Remote<T> {
  const { db } = useDesk()
  const data = useLive<T | null>(() => db.read<T>(path()), null)
  const trouble = ref('')
  const asked = ref(false)

  async function load(): Promise<void> {
    const answer = await newApi(token).get<T>(path())
    if (answer.ok) await db.keep(path(), answer.data)
    trouble.value = answer.ok ? '' : answer.status === 0 ? '没有网络，显示的是上次看到的内容。' : answer.message
    asked.value = true
  }

  onMounted(load)
  return { data, trouble, asked, load }
}
