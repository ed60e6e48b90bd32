/** A table of the console: its address, what it asks the service, the columns of a person, the keys. */

import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { isStep, step } from '../src/console/table/keys'
import { useTable, type Setup, type Table } from '../src/console/table/table'

interface Row {
  readonly id: string
  readonly name: string
}

const setup: Setup<Row> = {
  name: 'things',
  sort: 'name',
  filters: [{ key: 'state', title: '状态', options: [] }],
  columns: [
    { key: 'name', title: '名称', width: 100, sort: 'name', text: (row) => row.name },
    { key: 'size', title: '大小', width: 100, text: () => '1' },
    { key: 'age', title: '年龄', width: 100, off: true, text: () => '2' },
  ],
}

const asked: string[] = []
let answers: ((url: string) => Promise<Response>) | null = null

beforeEach(() => {
  asked.length = 0
  answers = null
  localStorage.clear()
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    return answers ? await answers(url) : Response.json({ items: [{ id: url, name: url }], total: 120 })
  })
})

async function open(address: string): Promise<{ table: Table<Row>; router: ReturnType<typeof createRouter> }> {
  const found: Table<Row>[] = []
  const page = defineComponent(() => {
    found.push(useTable(setup))
    return () => h('div')
  })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/things', component: page },
      { path: '/other', component: { render: () => h('p') } },
    ],
  })
  await router.push(address)
  mount({ template: '<RouterView />' }, { global: { plugins: [router] } })
  await flushPromises()
  const [table] = found
  if (!table) throw new Error('no table')
  return { table, router }
}

describe('the address', () => {
  test('says which rows are asked for', async () => {
    await open('/things?state=late&page=3&size=20&sort=-name')
    expect(asked).toEqual(['/api/tables/things?state=late&sort=-name&skip=40&limit=20'])
  })

  test.each(['page=0', 'page=x', 'size=7', 'page=99999999', 'state=', 'other=1'])(
    '%s is passed over',
    async (query) => {
      await open(`/things?${query}`)
      expect(asked).toEqual(['/api/tables/things?sort=name&skip=0&limit=50'])
    },
  )

  test('a filter begins at the first page, and the way back asks again', async () => {
    const { table, router } = await open('/things?page=2')
    table.set({ state: 'late' })
    await flushPromises()
    expect(router.currentRoute.value.fullPath).toBe('/things?state=late')
    table.set({ state: '' })
    await flushPromises()
    expect(router.currentRoute.value.fullPath).toBe('/things')
    router.back()
    await flushPromises()
    expect(asked.at(-1)).toBe('/api/tables/things?state=late&sort=name&skip=0&limit=50')
  })

  test('that of the next page is not asked for', async () => {
    const { router } = await open('/things')
    await router.push('/other?state=late')
    await flushPromises()
    expect(asked).toHaveLength(1)
  })
})

test('an answer that was overtaken is dropped, and a failure keeps what was there', async () => {
  const { table } = await open('/things')
  const late: (() => void)[] = []
  answers = async (url) => {
    if (url.includes('slow')) await new Promise<void>((resolve) => late.push(resolve))
    return Response.json({ items: [{ id: url, name: url }], total: 1 })
  }
  table.set({ state: 'slow' })
  await flushPromises()
  table.set({ state: 'quick' })
  await flushPromises()
  late.forEach((go) => {
    go()
  })
  await flushPromises()
  expect(table.data.value?.items[0]?.id).toContain('state=quick')
  answers = () => Promise.reject(new TypeError('no network'))
  await table.load()
  expect(table.trouble.value).toBe('网络不通，请检查网络后重试。')
  expect(table.data.value?.items[0]?.id).toContain('state=quick')
})

describe('columns', () => {
  test('are remembered, the first is always there, and the export has those', async () => {
    const { table } = await open('/things?state=late')
    expect(table.shown.value.map(({ key }) => key)).toEqual(['name', 'size'])
    table.choose(['age'])
    expect(table.shown.value.map(({ key }) => key)).toEqual(['name', 'age'])
    expect(table.exported.value).toBe('/api/tables/things/export?state=late&sort=name&columns=name%2Cage')
    const again = await open('/things')
    expect(again.table.shown.value.map(({ key }) => key)).toEqual(['name', 'age'])
  })

  test('of an older version are passed over', async () => {
    localStorage.setItem('zhiping.columns..things', 'size,gone')
    const { table } = await open('/things')
    expect(table.shown.value.map(({ key }) => key)).toEqual(['name', 'size'])
  })
})

describe('keys', () => {
  const rows = (): HTMLElement[] => {
    document.body.innerHTML = `<table><tbody>${'<tr><td><a class="row-link" href="#">x</a><button></button></td></tr>'.repeat(3)}</tbody></table>`
    return [...document.querySelectorAll<HTMLElement>('a')]
  }

  test.each([
    ['ArrowDown', 0, 1],
    ['ArrowDown', 2, 2],
    ['ArrowUp', 0, 0],
    ['End', 0, 2],
    ['Home', 2, 0],
  ])('%s from row %d goes to %d', (key, from, to) => {
    const links = rows()
    step(links, links[from]?.nextElementSibling as HTMLElement, key)
    expect(document.activeElement).toBe(links[to])
  })

  test('from outside ↓ leads to the first row', () => {
    const links = rows()
    step(links, document.body, 'ArrowDown')
    expect(document.activeElement).toBe(links[0])
    step([], document.body, 'ArrowDown')
  })

  test('others are left alone', () => {
    expect(['Enter', 'a', 'Tab', 'ArrowLeft'].filter(isStep)).toEqual([])
  })
})
