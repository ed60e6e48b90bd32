/**
 * A table of the service as a page shows it. What is looked for, the order and the page stand in the address, so that a
 * link, the way back and a reload show the same; which columns are shown is remembered for each person on this machine.
 */

import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Answer } from '../../api/client'
import type { EventNames } from '../../api/types'
import { session } from '../../shared/session'
import { useAddress } from '../address'
import { api, useAnswer, type Fetched } from '../api'

export interface Column<Row> {
  /** Its name in the service's export. */
  readonly key: string
  readonly title: string
  readonly width: number
  readonly text: (row: Row) => string
  /** The service's name of the order by this column. */
  readonly sort?: string
  readonly align?: 'right'
  /** Not shown until it is chosen. */
  readonly off?: boolean
}

export interface Filter {
  /** Its name in the service's query, and in the address. */
  readonly key: string
  readonly title: string
  /** What it can be; without, it is a text to look for. */
  readonly options?: readonly { readonly value: string; readonly label: string }[]
  /** It is a day: from its beginning on, or until its end. */
  readonly day?: 'from' | 'to'
  /** The page has a place of its own for it. */
  readonly elsewhere?: boolean
}

export interface Setup<Row> {
  /** /api/tables/NAME. */
  readonly name: string
  readonly columns: readonly Column<Row>[]
  readonly filters: readonly Filter[] | (() => readonly Filter[])
  /** The order where none is chosen. */
  readonly sort: string
  /** Where a row leads to. */
  readonly to?: (row: Row) => string
  /** What opens a row that leads to no page. */
  readonly open?: (row: Row) => void
  /** Which rows can be chosen, to do something with them together. */
  readonly selectable?: (row: Row) => boolean
}

/** A page of rows; `more`: there are more than `total`, which is as far as the service counts. */
export interface Rows<Row> {
  readonly items: readonly Row[]
  readonly total: number
  readonly more: boolean
}

export interface Table<Row extends object> extends Fetched<Rows<Row>> {
  readonly setup: Setup<Row>
  readonly filters: ComputedRef<readonly Filter[]>
  readonly page: ComputedRef<number>
  readonly size: ComputedRef<number>
  readonly sort: ComputedRef<string>
  readonly shown: ComputedRef<readonly Column<Row>[]>
  readonly chosen: Ref<readonly string[]>
  /** The rows that are chosen, of all pages. */
  readonly selected: ShallowRef<readonly Row[]>
  /** The export of what is seen: the same filters, order and columns, all pages. */
  readonly exported: ComputedRef<string>
  /** The address of what the filters leave, with some of them (or the order) said otherwise. */
  asking(otherwise: Readonly<Record<string, string>>): string
  value(key: string): string
  /** Sets parts of the address; "" takes one out. The first page follows, unless it is a page that is set. */
  set(values: Readonly<Record<string, string>>): void
  choose(keys: readonly string[]): void
}

export const SIZES = [20, 50, 100, 200]
const SIZE = 50

export function useTable<Row extends object>(setup: Setup<Row>): Table<Row> {
  const address = useAddress('push')
  const { value } = address
  const whole = (key: string, otherwise: number) => (/^[1-9]\d{0,5}$/.test(value(key)) ? Number(value(key)) : otherwise)
  const filters = computed(() => (typeof setup.filters === 'function' ? setup.filters() : setup.filters))
  const page = computed(() => whole('page', 1))
  const size = computed(() => (SIZES.includes(whole('size', SIZE)) ? whole('size', SIZE) : SIZE))
  const sort = computed(() => value('sort') || setup.sort)
  const [chosen, choose] = useChoice(setup)
  const shown = computed(() => setup.columns.filter(({ key }) => chosen.value.includes(key)))

  const query = (more: Readonly<Record<string, string>>) => {
    const days: Record<string, string> = {}
    for (const { key, day } of filters.value) if (day && value(key)) days[key] = edge(value(key), day)
    return address.query(
      filters.value.filter(({ day }) => !day).map(({ key }) => key),
      { ...days, sort: sort.value, ...more },
    )
  }
  const asking = (otherwise: Readonly<Record<string, string>>) => `/api/tables/${setup.name}?${query(otherwise)}`
  const rows = computed(() => asking({ skip: String((page.value - 1) * size.value), limit: String(size.value) }))
  const fetched = useAnswer<Rows<Row>>(() => rows.value)
  const set = (values: Readonly<Record<string, string>>) => {
    address.set({ page: '', ...values })
  }

  const exported = computed(
    () => `/api/tables/${setup.name}/export?${query({ columns: shown.value.map(({ key }) => key).join(',') })}`,
  )
  const selected = shallowRef<readonly Row[]>([])
  return { ...fetched, setup, filters, page, size, sort, shown, chosen, selected, exported, asking, value, set, choose }
}

/** The events of a table as the options of a filter. */
export function eventOptions(names: EventNames | null): { value: string; label: string }[] {
  return (names?.events ?? []).map(({ event, name }) => ({ value: event, label: name }))
}

const AT_ONCE = 200

/** All rows of such an address. */
export async function everything<Row>(address: string): Promise<Answer<readonly Row[]>> {
  const rows: Row[] = []
  for (;;) {
    const answer = await api.get<Rows<Row>>(`${address}&skip=${rows.length}&limit=${AT_ONCE}`)
    if (!answer.ok) return answer
    rows.push(...answer.data.items)
    if (rows.length >= answer.data.total || !answer.data.items.length) return { ok: true, data: rows }
  }
}

const DAY_MS = 86_400_000

/** The moment at which a day (2022-09-01) begins in Shanghai, or at which it ends. */
function edge(day: string, which: 'from' | 'to'): string {
  const begins = Date.parse(`${day}T00:00:00+08:00`)
  return new Date(which === 'from' ? begins : begins + DAY_MS).toISOString()
}

/** Which columns the person has chosen. The first is always there: it leads to what the row is of. */
function useChoice<Row>({ name, columns }: Setup<Row>): [Ref<readonly string[]>, (keys: readonly string[]) => void] {
  const key = `zhiping.columns.${session.me?.person_id ?? ''}.${name}`
  const first = columns[0]?.key ?? ''
  const chosen = ref(read() ?? columns.filter(({ off }) => !off).map((each) => each.key)) as Ref<readonly string[]>

  function read(): string[] | null {
    const text = localStorage.getItem(key)
    if (text === null) return null
    // A column that there is no more is passed over.
    const known = text.split(',').filter((each) => columns.some((column) => column.key === each))
    return known.includes(first) ? known : [first, ...known]
  }

  return [
    chosen,
    (keys) => {
      chosen.value = [first, ...keys.filter((each) => each !== first)]
      localStorage.setItem(key, chosen.value.join(','))
    },
  ]
}
