/**
 * What an officer types is saved by itself, with the version that it builds on. A stale version is no loss: what the
 * other one changed is put together with what was typed here (`merge.ts`), the person is told, and it is saved again.
 * Until the service has it, it also lies on this machine, and comes back after a reload.
 */

import { computed, onScopeDispose, reactive, type ComputedRef } from 'vue'
import { explain, type Answer } from '../../api/client'
import { differing, merge, type Fields } from './merge'

export interface Versioned {
  readonly version: number
  readonly fields: Fields
}

export interface Source {
  /** Under which name unsaved changes lie on this machine. */
  readonly key: string
  read(): Promise<Answer<Versioned>>
  write(wanted: Versioned): Promise<Answer<Versioned>>
  /** What is still to be done before it may be written at all; "" where it may. */
  readonly closed: () => string
}

export type Phase = 'reading' | 'saved' | 'typed' | 'saving' | 'failed'

export interface Autosave {
  readonly state: {
    fields: Fields
    phase: Phase
    /** Why it is not saved. */
    trouble: string
    /** What another person has changed meanwhile, and is shown now. */
    news: readonly string[]
    conflicts: Readonly<Record<string, string | number | null>>
  }
  readonly unsaved: ComputedRef<boolean>
  set(name: string, value: string | number | null): void
  /** Settles a field that two have changed. */
  choose(name: string, value: string | number | null): void
  /** Saves what is not saved yet; whether all is. */
  flush(): Promise<boolean>
  /** Looks whether somebody else has changed it. */
  refresh(): Promise<void>
}

const PAUSE_MS = 700
const AGAIN_MS = 5000

export function useAutosave(source: Source): Autosave {
  const state = reactive<Autosave['state']>({ fields: {}, phase: 'reading', trouble: '', news: [], conflicts: {} })
  // What the service has, as far as it is known here.
  let known: Versioned = { version: 0, fields: {} }
  let timer: ReturnType<typeof setTimeout> | undefined
  let saving: Promise<boolean> | null = null

  const unsaved = computed(() => state.phase === 'typed' || state.phase === 'saving' || state.phase === 'failed')

  /** What is to be written: of a field that two have changed, theirs stays until a person has chosen. */
  function wanted(): Fields {
    const fields: Record<string, string | number> = { ...state.fields }
    for (const [name, theirs] of Object.entries(state.conflicts)) {
      if (theirs === null) Reflect.deleteProperty(fields, name)
      else fields[name] = theirs
    }
    return fields
  }

  function keep(): void {
    if (differing(state.fields, known.fields).length === 0) localStorage.removeItem(source.key)
    else localStorage.setItem(source.key, JSON.stringify({ base: known.fields, fields: state.fields }))
  }

  function later(ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => void flush(), ms)
  }

  /** Takes what the service has now in, beside what was typed here since `base`. */
  function take(now: Versioned, base: Fields, ours: Fields): void {
    const merged = merge(base, ours, now.fields)
    known = now
    state.fields = merged.fields
    state.conflicts = { ...stillOpen(merged.fields, now.fields), ...merged.conflicts }
    if (merged.theirs.length) state.news = [...new Set([...state.news, ...merged.theirs])]
    keep()
  }

  /** Fields that are not settled yet, where ours still differs. */
  function stillOpen(fields: Fields, theirs: Fields): Record<string, string | number | null> {
    const open = Object.keys(state.conflicts).filter((name) => fields[name] !== theirs[name])
    return Object.fromEntries(open.map((name) => [name, theirs[name] ?? null]))
  }

  async function refresh(): Promise<void> {
    if (saving) return
    const answer = await source.read()
    if (!answer.ok) {
      if (state.phase === 'reading') Object.assign(state, { phase: 'failed', trouble: answer.message })
      return
    }
    if (state.phase === 'reading') {
      const kept = localStorage.getItem(source.key)
      const before = kept ? (JSON.parse(kept) as { base: Fields; fields: Fields }) : null
      take(answer.data, before?.base ?? answer.data.fields, before?.fields ?? answer.data.fields)
    } else if (answer.data.version !== known.version) take(answer.data, known.fields, state.fields)
    settle()
  }

  function settle(): void {
    const left = differing(wanted(), known.fields).length > 0
    state.phase = left ? 'typed' : 'saved'
    if (left) later(PAUSE_MS)
    else state.trouble = ''
  }

  function set(name: string, value: string | number | null): void {
    const fields: Record<string, string | number> = { ...state.fields }
    if (value === null || value === '') Reflect.deleteProperty(fields, name)
    else fields[name] = value
    state.fields = fields
    keep()
    settle()
  }

  function choose(name: string, value: string | number | null): void {
    state.conflicts = Object.fromEntries(Object.entries(state.conflicts).filter(([each]) => each !== name))
    set(name, value)
  }

  async function flush(): Promise<boolean> {
    clearTimeout(timer)
    if (saving) await saving
    if (differing(wanted(), known.fields).length === 0) return Object.keys(state.conflicts).length === 0
    const closed = source.closed()
    if (closed) {
      Object.assign(state, { phase: 'failed', trouble: closed })
      return false
    }
    saving = save()
    const done = await saving
    saving = null
    if (done) settle()
    return done && state.phase === 'saved' && Object.keys(state.conflicts).length === 0
  }

  async function save(): Promise<boolean> {
    for (let turn = 0; turn < 5; turn++) {
      state.phase = 'saving'
      const sent = wanted()
      const answer = await source.write({ version: known.version, fields: sent })
      if (answer.ok) {
        // What was typed while it was on its way stays to be saved.
        take(answer.data, sent, state.fields)
        state.trouble = ''
        return true
      }
      if (answer.code === 'version_conflict') {
        const now = await source.read()
        if (now.ok) {
          take(now.data, known.fields, state.fields)
          continue
        }
      }
      Object.assign(state, { phase: 'failed', trouble: explain(answer) })
      // What may pass by itself is tried again; what is wrong waits for the person.
      if (answer.status === 0 || answer.status === 429 || answer.status >= 500) later(AGAIN_MS)
      return false
    }
    Object.assign(state, { phase: 'failed', trouble: '正与其他人同时修改，请稍后再试' })
    later(AGAIN_MS)
    return false
  }

  const look = () => {
    if (document.visibilityState === 'visible') void refresh()
  }
  const warn = (event: BeforeUnloadEvent) => {
    if (unsaved.value) event.preventDefault()
  }
  document.addEventListener('visibilitychange', look)
  window.addEventListener('focus', look)
  window.addEventListener('beforeunload', warn)
  onScopeDispose(() => {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
    window.removeEventListener('focus', look)
    window.removeEventListener('beforeunload', warn)
    if (unsaved.value) void flush()
  })
  void refresh()
  return { state, unsaved, set, choose, flush, refresh }
}
