/** A query of the phone's database as a ref that follows every change, in this tab and in others. */

import { liveQuery } from 'dexie'
import { onScopeDispose, ref, watch, type Ref, type WatchSource } from 'vue'

/** The result of `query`, asked again when `source` changes or what it read does; `initial` until the first answer. */
export function useLive<T>(query: () => Promise<T>, initial: T, source: WatchSource | WatchSource[] = []): Ref<T> {
  const result = ref(initial) as Ref<T>
  let stop = () => {}
  watch(
    source,
    () => {
      stop()
      const subscription = liveQuery(query).subscribe((value) => {
        result.value = value
      })
      stop = () => {
        subscription.unsubscribe()
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    stop()
  })
  return result
}
