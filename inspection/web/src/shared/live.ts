/** A query of the phone's database as a ref that follows every change, in this tab and in others. */

import { liveQuery } from 'dexie'
import { onScopeDispose, shallowRef, watch, type ShallowRef, type WatchSource } from 'vue'

/** The result of `query`, asked again when `source` changes or what it read does; `initial` until the first answer. */
export function useLive<T>(
  query: () => Promise<T>,
  initial: T,
  source: WatchSource | WatchSource[] = [],
): ShallowRef<T> {
  const result = shallowRef(initial)
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
