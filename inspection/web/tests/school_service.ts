/** A small service behind `fetch` that keeps a form by field and version, as the real one does, and can lose answers. */

import { vi } from 'vitest'
import type { Change, ChangesSince, DraftSaved, FieldConflict } from '../src/api/types'

export const SUBMISSION = '00000000-0000-4000-8000-00000000000a'
export type Cut = 'none' | 'request' | 'answer'

export class FakeForm {
  readonly fields = new Map<string, FieldConflict>()
  readonly requests: Change[][] = []
  readonly since = new Map<string, number>()
  version = 1
  who = 'one'
  cut: () => Cut = () => 'none'
  /** Values that are refused one by one. */
  refuses: (change: Change) => boolean = () => false
  /** A status that every save gets. */
  closed = false
  beforeAnswer: () => Promise<void> = () => Promise.resolve()

  install(): this {
    vi.stubGlobal('fetch', (url: string, options: RequestInit) => this.fetch(url, options))
    return this
  }

  private async fetch(url: string, { method = 'GET', body }: RequestInit): Promise<Response> {
    const cut = this.cut()
    if (cut === 'request') throw new TypeError('Failed to fetch')
    const answer = method === 'PATCH' ? this.save(body as string) : this.changes(new URL(url, 'http://service'))
    await this.beforeAnswer()
    if (cut === 'answer') throw new TypeError('Failed to fetch')
    return answer
  }

  private save(body: string): Response {
    const { changes } = JSON.parse(body) as { changes: Change[] }
    this.requests.push(changes)
    if (this.closed) return error(409, 'too_late', '已于2022年8月31日24:00截止；如需延期请联系市教育局', [])
    const wrong = changes.flatMap((change, number) =>
      this.refuses(change) ? [{ path: `/changes/${number}/value`, code: 'bad_format', message: '应为电话号码' }] : [],
    )
    if (wrong.length) return error(422, 'invalid', '填写的内容有误', wrong)
    this.version++
    const saved = {
      version: this.version,
      applied: [] as DraftSaved['applied'][number][],
      conflicts: [] as FieldConflict[],
    }
    for (const change of changes) {
      const field = this.write(change)
      if (field.kept.length) saved.conflicts.push(field)
      else saved.applied.push({ field: field.field, version: field.version })
    }
    return json(saved)
  }

  /** Writes as the person `who` does. */
  write({ field: name, value, version }: Change, who = this.who): FieldConflict {
    const known = this.fields.get(name) ?? unwritten(name)
    const same = JSON.stringify(known.value) === JSON.stringify(value)
    if (same && !(known.version === version && known.kept.length)) return known
    const signed = { by: who, by_name: who, at: '2022-08-15T12:00:00Z' }
    const next: FieldConflict =
      known.version === version
        ? { ...known, ...signed, value, version: version + 1, kept: [] }
        : { ...known, version: known.version + 1, kept: [...known.kept, { value, version, ...signed }] }
    this.fields.set(name, next)
    this.since.set(name, this.version)
    return next
  }

  private changes(url: URL): Response {
    const since = Number(url.searchParams.get('since') ?? 0)
    const changes = [...this.fields.values()].filter((each) => (this.since.get(each.field) ?? 0) > since)
    return json({ version: this.version, state: 'draft', changes } satisfies ChangesSince)
  }
}

function unwritten(field: string): FieldConflict {
  return { field, value: null, version: 0, by: null, by_name: null, at: null, kept: [] }
}

function json(data: unknown, status = 200): Response {
  return new Response(JSON.stringify(data), { status, headers: { 'Content-Type': 'application/json' } })
}

function error(status: number, code: string, message: string, details: unknown[]): Response {
  return json({ error: { code, message, details } }, status)
}
