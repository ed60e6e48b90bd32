/** A small service behind `fetch`: it keeps what it is sent, by id, and can lose requests and answers. */

import { vi } from 'vitest'
import type { OperationBatch, OperationIn, Pack, RubricView, SheetView, Synced, VisitView } from '../src/api/types'
import type { Visit } from '../src/store/db'

/** What the network does to the next request: nothing, loses it, or loses the answer to it. */
export type Cut = 'none' | 'request' | 'answer'

export const PERSON = '00000000-0000-4000-8000-000000000001'
export const VISIT = '00000000-0000-4000-8000-00000000000a'
export const OTHER_VISIT = '00000000-0000-4000-8000-00000000000b'
export const OWN = { points: 2, clauses: { basic: true }, note: '自评说明绝密', evidence: 3 }

export function visitView(id: string, changes: Partial<VisitView> = {}): VisitView {
  return {
    id,
    cycle: '2022',
    submission_id: id,
    school: { id, name: `学校 ${id.slice(-1)}` },
    district: 'hailing',
    date: '2022-09-05',
    half: 'morning',
    state: 'open',
    state_name: '评估中',
    version: 1,
    team: [{ inspector_id: PERSON, name: '王专家', lead: true }],
    assignments: {},
    opened_at: null,
    closed_at: null,
    own_sheet: null,
    ...changes,
  }
}

/** A visit as it stands on a phone that has opened it. */
export function visitOnPhone(id: string, changes: Partial<Visit> = {}): Visit {
  const known = { pack: null, sheetState: 'draft', sheetVersion: 0, pulledAt: null } as const
  return { id, view: visitView(id), ...known, reopened: false, changedItems: [], ...changes }
}

/** A rubric of two items; `texts` are theirs. */
export function rubric(letter: string, texts: readonly [string, string] = ['一', '二']): RubricView {
  const rest = { points: 2, starred: false, clauses: [] }
  const items = texts.map((text, number) => ({ code: `1.1.${number + 1}`, text, ...rest }))
  const indicators = [{ code: '1.1', name: '指标', points: 4, items }]
  const groups = [{ code: '1', name: '组', points: 4, indicators }]
  return { name: 'r', title: 'r', sha256: letter.repeat(64), points: 4, note: '', groups }
}

interface Stored {
  readonly device: string
  readonly operation: OperationIn
  readonly version: number
}

export class FakeService {
  readonly visits = new Map([[VISIT, visitView(VISIT)]])
  readonly stored = new Map<string, Map<string, Stored>>()
  readonly requests: { method: string; path: string; body: unknown; token: string | null }[] = []
  /** Statuses that requests to a path get instead of an answer. */
  readonly refusing = new Map<string, number>()
  /** Values that are refused one by one. */
  refuses: (operation: OperationIn) => boolean = () => false
  cut: () => Cut = () => 'none'
  beforeAnswer: () => Promise<void> = () => Promise.resolve()
  now = () => new Date()
  sheetState: SheetView['state'] = 'draft'
  phase: Synced['phase'] = 'open'
  oldestApp = 1
  rubric = rubric('f')

  /** Takes the place of `fetch` until the test ends. */
  install(): this {
    vi.stubGlobal('fetch', (url: string, options: RequestInit) => this.fetch(url, options))
    return this
  }

  private async fetch(url: string, { method = 'GET', body, headers }: RequestInit): Promise<Response> {
    const cut = this.cut()
    if (cut === 'request') throw new TypeError('Failed to fetch')
    const sent: unknown = typeof body === 'string' ? JSON.parse(body) : null
    const token = new Headers(headers).get('Authorization')
    this.requests.push({ method, path: url, body: sent, token })
    const answer = this.answer(method, url, sent)
    await this.beforeAnswer()
    if (cut === 'answer') throw new TypeError('Failed to fetch')
    return answer
  }

  private answer(method: string, url: string, body: unknown): Response {
    const { pathname: path, searchParams } = new URL(url, 'http://service')
    const status = this.refusing.get(path)
    if (status) return json({ error: { code: 'refused', message: '没有这次现场评估', details: [] } }, status)
    const [, , , visit = '', part] = path.split('/')
    if (path === '/api/visits') return json({ items: [...this.visits.values()], next_cursor: null })
    if (path === '/api/rubric') return json(this.rubric)
    if (path === '/api/app') return json({ server_now: this.now().toISOString(), oldest_app: this.oldestApp })
    if (part === 'pack') return json(this.pack(visit))
    if (part === 'sheet') return json(this.sheet(visit, Number(searchParams.get('since') ?? 0)))
    if (part === 'operations' && method === 'POST') return json(this.take(visit, body as OperationBatch))
    if (part === 'evidence') return json({})
    return json({ error: { code: 'not_found', message: '没有这个地址', details: [] } }, 404)
  }

  private of(visit: string): Map<string, Stored> {
    const known = this.stored.get(visit) ?? new Map<string, Stored>()
    this.stored.set(visit, known)
    return known
  }

  private take(visit: string, { device, operations }: OperationBatch): Synced {
    const known = this.of(visit)
    const version = this.version(visit) + 1
    const answer = { applied: [] as string[], known: [] as string[], refused: [] as Synced['refused'][number][] }
    for (const operation of operations) {
      if (known.has(operation.id)) answer.known.push(operation.id)
      else if (this.refuses(operation)) {
        answer.refused.push({ id: operation.id, code: 'points_off_scale', message: '得分应为 0 到 2' })
      } else {
        known.set(operation.id, { device, operation, version })
        answer.applied.push(operation.id)
      }
    }
    return {
      ...answer,
      server_now: this.now().toISOString(),
      state: this.sheetState,
      phase: this.phase,
      rubric_sha256: this.rubric.sha256,
      version: this.version(visit),
      conflicts: [],
      revealed: this.revealed(
        visit,
        operations.map((each) => each.item),
      ),
    }
  }

  private version(visit: string): number {
    return Math.max(0, ...[...this.of(visit).values()].map((each) => each.version))
  }

  private revealed(visit: string, items: readonly string[]): Synced['revealed'] {
    const scored = items.filter((item) => this.value(visit, item, 'points') !== undefined)
    return Object.fromEntries(scored.map((item) => [item, OWN]))
  }

  private sheet(visit: string, since: number): SheetView {
    const latest = new Map<string, Stored>()
    for (const each of this.of(visit).values()) latest.set(`${each.operation.item} ${each.operation.field}`, each)
    const fields = [...latest.values()].filter((each) => each.version > since)
    const items = [...this.of(visit).values()].map((each) => each.operation.item)
    return {
      server_now: this.now().toISOString(),
      visit_id: visit,
      state: this.sheetState,
      version: this.version(visit),
      signed_at: null,
      assigned: ['1.1.1'],
      fields: fields.map(({ device, operation: { item, field, value, id, at } }) => ({
        ...{ item, field, value, id, at, device },
      })),
      conflicts: [],
      first_points: {},
      revealed: this.revealed(visit, items),
    }
  }

  private pack(visit: string): Pack {
    const grades: Pack['rules']['grades'] = []
    return {
      server_now: this.now().toISOString(),
      visit: this.visits.get(visit) ?? visitView(visit),
      rubric: { name: 'r', sha256: this.rubric.sha256 },
      rules: { score_step: 0.5, spread_tolerance: 0.5, discrepancy_share: 0.5, evidence_required: 'starred', grades },
      school: { id: visit, name: '学校', stages: [], teachers: 60, teacher_computers: 62 },
      assigned: ['1.1.1'],
      sheet_state: this.sheetState,
      sheet_version: this.version(visit),
    }
  }

  /** The value that stands in a field; undefined where none was set. */
  value(visit: string, item: string, field: string): unknown {
    const all = [...this.of(visit).values()].map((each) => each.operation)
    return all.filter((each) => each.item === item && each.field === field).sort((a, b) => b.seq - a.seq)[0]?.value
  }

  /** How often a path was asked for. */
  count(method: string, end: string): number {
    return this.requests.filter((each) => each.method === method && each.path.split('?')[0]?.endsWith(end)).length
  }
}

function json(data: unknown, status = 200): Response {
  return new Response(JSON.stringify(data), { status, headers: { 'Content-Type': 'application/json' } })
}
