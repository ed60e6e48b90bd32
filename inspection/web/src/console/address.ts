/** What is looked for, in the address: a link, the way back and a reload show the same. */

import { useRoute, useRouter } from 'vue-router'

export interface Address {
  /** What stands there; "" for nothing. */
  value(key: string): string
  /** Sets parts of it; "" takes one out. */
  set(values: Readonly<Record<string, string>>): void
  /** The query that these parts make for the service, without those that are empty. */
  query(keys: readonly string[], more?: Readonly<Record<string, string>>): string
}

export function useAddress(): Address {
  const route = useRoute()
  const router = useRouter()
  const value = (key: string) => (typeof route.query[key] === 'string' ? route.query[key] : '')
  return {
    value,
    set(values) {
      const kept = Object.entries({ ...route.query, ...values }).filter(([, each]) => each)
      void router.replace({ query: Object.fromEntries(kept) })
    },
    query(keys, more = {}) {
      const said = keys.map((key) => [key, value(key).trim()] as [string, string]).filter(([, text]) => text)
      return new URLSearchParams([...said, ...Object.entries(more)]).toString()
    },
  }
}
