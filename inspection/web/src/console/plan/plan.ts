/** The plan of the visits: what is saved, what is a draft on this machine, and who and what waits. */

import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import type { CycleView, PersonView, RubricView, SubmissionCounts, SubmissionSummary, VisitView } from '../../api/types'
import type { Failure } from '../../api/client'
import { session } from '../../shared/session'
import { api, useAll, useAnswer, type Fetched } from '../api'
import { daysBetween, spanOf, type Slot } from './calendar'
import { ofVisit, toSave, wrongWith, type Planned } from './planned'

export interface Plan {
  readonly cycle: Fetched<CycleView>
  readonly rubric: Fetched<RubricView>
  readonly visits: Fetched<readonly VisitView[]>
  /** Schools that can be visited and are not planned yet. */
  readonly waiting: ComputedRef<readonly SubmissionSummary[]>
  /** Districts whose schools are recommended but can't be visited before the list is handed in: how many there are. */
  readonly early: ComputedRef<readonly { readonly district: string; readonly name: string; readonly count: number }[]>
  readonly schoolIds: ComputedRef<ReadonlyMap<string, string>>
  readonly people: ComputedRef<ReadonlyMap<string, PersonView>>
  readonly saved: ComputedRef<readonly Planned[]>
  readonly draft: Ref<readonly Planned[]>
  readonly all: ComputedRef<readonly Planned[]>
  readonly wrong: ComputedRef<ReadonlyMap<string, readonly string[]>>
  readonly span: ComputedRef<{ first: string; last: string }>
  readonly days: ComputedRef<readonly string[]>
  readonly trouble: ComputedRef<string>
  put(visit: Planned): void
  drop(id: string): void
  saveAll(): Promise<Failure | null>
  reload(): Promise<void>
}

export function usePlan(): Plan {
  const cycle = useAnswer<CycleView>(() => '/api/cycle')
  const rubric = useAnswer<RubricView>(() => '/api/rubric')
  const visits = useAll<VisitView>(() => '/api/visits')
  const endorsed = useAll<SubmissionSummary>(() => '/api/submissions?state=endorsed')
  const counts = useAnswer<SubmissionCounts>(() => '/api/submission-counts')
  const inspectors = useAll<PersonView>(() => '/api/people?role=inspector')
  const draft = useKept(() => cycle.data.value?.name ?? null)
  /** What the service said against drafts, until they are changed. */
  const refused = ref<ReadonlyMap<string, readonly string[]>>(new Map())

  const saved = computed(() => (visits.data.value ?? []).map(ofVisit))
  const all = computed(() => [...saved.value, ...draft.value])
  const people = computed(() => new Map((inspectors.data.value ?? []).map((each) => [each.id, each])))
  const schoolIds = computed(() => new Map((endorsed.data.value ?? []).map((each) => [each.id, each.school.id])))
  const unplanned = computed(() => {
    const planned = new Set(all.value.map(({ submission_id }) => submission_id))
    return (endorsed.data.value ?? []).filter(({ id }) => !planned.has(id))
  })
  const lists = computed(() => counts.data.value?.items ?? [])
  const ready = computed(() => new Set(lists.value.filter((each) => each.handed_in).map(({ district }) => district)))
  const waiting = computed(() => unplanned.value.filter(({ district }) => ready.value.has(district)))
  const early = computed(() =>
    lists.value
      .filter(({ handed_in }) => !handed_in)
      .map(({ district, district_name: name }) => {
        return { district, name, count: unplanned.value.filter((each) => each.district === district).length }
      })
      .filter(({ count }) => count > 0),
  )
  const wrong = computed(
    () =>
      new Map(
        draft.value.map((each) => [
          each.id,
          [...(refused.value.get(each.id) ?? []), ...wrongWith(each, all.value, people.value)],
        ]),
      ),
  )
  const span = computed(() => {
    const dates = cycle.data.value?.dates
    return dates ? spanOf(dates.visits_open, dates.visits_close) : { first: '', last: '' }
  })
  const days = computed(() =>
    span.value.first ? daysBetween(span.value.first, span.value.last, new Set(all.value.map(({ date }) => date))) : [],
  )

  function forget(id: string): void {
    refused.value = new Map([...refused.value].filter(([each]) => each !== id))
  }

  function put(visit: Planned): void {
    forget(visit.id)
    draft.value = [...draft.value.filter(({ id }) => id !== visit.id), visit]
  }

  function drop(id: string): void {
    forget(id)
    draft.value = draft.value.filter((each) => each.id !== id)
  }

  async function reload(): Promise<void> {
    await Promise.all([visits.load(), endorsed.load(), counts.load()])
  }

  /** Saves all of the draft, or none; why not, with what stands against each kept beside it. */
  async function saveAll(): Promise<Failure | null> {
    const sent = draft.value
    const answer = await api.post('/api/visits/plan', { visits: sent.map(toSave) })
    if (answer.ok) {
      // Only what was sent: somebody may have gone on meanwhile.
      draft.value = draft.value.filter((each) => !sent.includes(each))
      refused.value = new Map()
    } else {
      const told = new Map<string, string[]>()
      for (const { path, message } of answer.details) {
        const visit = sent[Number(/^\/visits\/(\d+)/.exec(path)?.[1] ?? -1)]
        if (visit) told.set(visit.id, [...(told.get(visit.id) ?? []), message])
      }
      refused.value = told
    }
    await reload()
    return answer.ok ? null : answer
  }

  const trouble = computed(
    () => [cycle, visits, endorsed, counts, inspectors].map((each) => each.trouble.value).find((each) => each) ?? '',
  )
  return {
    ...{ cycle, rubric, visits, waiting, early, schoolIds, people, saved, draft, all, wrong, span, days, trouble },
    ...{ put, drop, saveAll, reload },
  }
}

/** The draft, kept on this machine for the person and the cycle until it is saved or given up. */
function useKept(cycle: () => string | null): Ref<readonly Planned[]> {
  const draft = ref<readonly Planned[]>([])
  const key = () => `zhiping.plan.${session.me?.person_id ?? ''}.${cycle() ?? ''}`
  watch(
    cycle,
    (name) => {
      if (name === null) return
      const kept = localStorage.getItem(key())
      draft.value = kept ? (JSON.parse(kept) as Planned[]) : []
    },
    { immediate: true },
  )
  watch(draft, (now) => {
    if (cycle() === null) return
    if (now.length) localStorage.setItem(key(), JSON.stringify(now))
    else localStorage.removeItem(key())
  })
  return draft
}

/** Where a visit is. */
export const slotOf = ({ date, half }: Slot): string => `${date} ${half}`
