/** What is looked for, in the address: a link, the way back and a reload show the same. */

import { computed } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'

export interface Address {
  /** What stands there; "" for nothing. */
  readonly value: (key: string) => string
  /** Sets parts of it; "" takes one out. */
  readonly set: (values: Readonly<Record<string, string>>) => void
  /** The query that these parts make for the service, without those that are empty; `more` goes before them. */
  readonly query: (keys: readonly string[], more?: Readonly<Record<string, string>>) => string
}

/** `go`: whether the way back leads to what was looked for before (push), or leaves the page (replace). */
export function useAddress(go: 'push' | 'replace' = 'replace'): Address {
  const route = useRoute()
  const router = useRouter()
  const { path } = route
  // While another page comes, its address is not this one's.
  const here = computed<LocationQuery>((before) => (route.path === path ? route.query : (before ?? {})))
  const value = (key: string) => {
    const said = here.value[key]
    return typeof said === 'string' ? said : ''
  }
  return {
    value,
    set(values) {
      const kept = Object.entries({ ...here.value, ...values }).filter(([, each]) => each)
      void router[go]({ query: Object.fromEntries(kept) })
    },
    query(keys, more = {}) {
      const said = keys.map((key) => [key, value(key).trim()] as [string, string]).filter(([, text]) => text)
      return new URLSearchParams({ ...Object.fromEntries(said), ...more }).toString()
    },
  }
}
