import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import compiler from 'miniprogram-compiler'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const SOURCE = join(ROOT, 'src')

function json(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Record<string, unknown>
}

const pages = json('src/app.json')['pages'] as string[]
const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })

test('every page and every component is there, whole', () => {
  const descriptions = files.filter((file) => file.endsWith('index.json'))
  const used = descriptions.flatMap(
    (file) => Object.values(json(`src/${file}`)['usingComponents'] as object) as string[],
  )
  for (const place of [...pages, ...used.map((each) => each.slice(1))]) {
    for (const kind of ['ts', 'json', 'wxml', 'wxss'])
      expect(existsSync(join(SOURCE, `${place}.${kind}`)), place).toBe(true)
  }
  const places = descriptions.map((file) => join(dirname(file), 'index'))
  expect(places.sort()).toEqual([...new Set([...pages, ...used.map((each) => each.slice(1))])].sort())
})

test('the app id and the address are what site.json says: after a change, npm run site', () => {
  const { appId, origin } = json('site.json')
  expect(json('project.config.json')['appid']).toBe(appId)
  expect(readFileSync(join(SOURCE, 'site.ts'), 'utf8')).toContain(`ORIGIN = '${String(origin)}'`)
})

test('what the service sends people to is one of the pages', () => {
  const notices = readFileSync(join(ROOT, '../../config/notices.yaml'), 'utf8')
  const named = [...notices.matchAll(/^ +page: ([\w/-]+)/gm)].map(([, page]) => page)
  expect(named.length).toBeGreaterThan(10)
  expect(pages).toEqual(expect.arrayContaining([...new Set(named)]))
  const services = readFileSync(join(ROOT, '../../backend/services/wechat.py'), 'utf8')
  expect(pages).toContain(/BINDING_PAGE = "([^"]+)"/.exec(services)?.[1])
})

test('all that is shown is Chinese', () => {
  for (const file of files.filter((each) => each.endsWith('.wxml'))) {
    const shown = readFileSync(join(SOURCE, file), 'utf8')
      .replace(/\{\{[^}]*\}\}/g, '')
      .replace(/<[^>]*>/g, '')
    expect(shown, file).not.toMatch(/[A-Za-z]/)
  }
})

// WeChat's own compilers, which miniprogram-simulate brings along, are there for this kind of processor only.
test.runIf(process.arch === 'x64')("WeChat's compilers take the pages and their styles", () => {
  const compiled = compiler.wxmlToJs(SOURCE)
  for (const page of pages) expect(compiled).toContain(`${page}.wxml`)
  expect(compiler.wxssToJs(SOURCE)).toContain('card')
})
