/** Addresses (blob:…) of pictures that are on the phone, given back when they are not shown any more. */

import { computed, onUnmounted, type ComputedRef } from 'vue'

/** By the key of each picture its address; a picture without bytes has none. */
export function usePictures(
  pictures: () => readonly { readonly key: string; readonly bytes: Blob | null }[],
): ComputedRef<ReadonlyMap<string, string>> {
  const held = new Map<string, string>()
  const release = (keep: ReadonlySet<string>) => {
    for (const [key, address] of held) {
      if (keep.has(key)) continue
      URL.revokeObjectURL(address)
      held.delete(key)
    }
  }
  onUnmounted(() => {
    release(new Set())
  })
  return computed(() => {
    const wanted = pictures()
    release(new Set(wanted.map(({ key }) => key)))
    for (const { key, bytes } of wanted) {
      if (bytes && !held.has(key)) held.set(key, URL.createObjectURL(bytes))
    }
    return new Map(held)
  })
}
