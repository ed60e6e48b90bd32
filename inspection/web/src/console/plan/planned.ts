/** A visit on the calendar, saved or still a draft, and what stands against it as far as the page can tell. */

import type { NewVisit, PersonView, SuggestedVisit, VisitView } from '../../api/types'
import type { Slot } from './calendar'

export interface Member {
  readonly inspector_id: string
  readonly name: string
  readonly lead: boolean
}

export interface Planned extends Slot {
  /** The visit's id; of a draft, which has none yet, the submission's. */
  readonly id: string
  readonly saved: VisitView | null
  readonly submission_id: string
  readonly school_id: string
  readonly school_name: string
  readonly district: string
  readonly team: readonly Member[]
  /** By inspector the groups and indicators that they must score; without any they score all. */
  readonly assignments: Readonly<Record<string, readonly string[]>>
}

export function ofVisit(visit: VisitView): Planned {
  const team = (visit.team ?? []).map(({ inspector_id, name, lead }) => ({
    inspector_id: inspector_id ?? '',
    name,
    lead,
  }))
  return {
    id: visit.id,
    saved: visit,
    submission_id: visit.submission_id,
    school_id: visit.school.id,
    school_name: visit.school.name,
    district: visit.district,
    date: visit.date,
    half: visit.half,
    team,
    assignments: visit.assignments ?? {},
  }
}

/** A suggested visit as a draft; `schoolId` is what the list of waiting schools says. */
export function ofSuggestion(visit: SuggestedVisit, schoolId: string): Planned {
  const { submission_id, school_name, district, date, half } = visit
  const team = visit.team.map((each) => ({ ...each, inspector_id: each.inspector_id ?? '' }))
  return {
    ...{ id: submission_id, saved: null, submission_id, school_id: schoolId, school_name, district },
    ...{ date, half: half, team, assignments: {} },
  }
}

export function toSave(visit: Planned): NewVisit {
  return {
    submission_id: visit.submission_id,
    date: visit.date,
    half: visit.half,
    team: visit.team.map(({ inspector_id, lead }) => ({ inspector_id, lead })),
    assignments: mutable(visit.assignments),
  }
}

export const mutable = (assignments: Planned['assignments']): Record<string, string[]> =>
  Object.fromEntries(Object.entries(assignments).map(([who, parts]) => [who, [...parts]]))

/** Who of the inspectors is on another visit in that half day, by id the school's name. */
export function busyIn(slot: Slot, others: readonly Planned[]): ReadonlyMap<string, string> {
  const there = others.filter(({ date, half }) => date === slot.date && half === slot.half)
  return new Map(there.flatMap((visit) => visit.team.map((each) => [each.inspector_id, visit.school_name] as const)))
}

/** What the service would refuse, told at once: nobody, no lead, a tie, two places at once. */
export function wrongWith(
  visit: Planned,
  all: readonly Planned[],
  people: ReadonlyMap<string, PersonView>,
): readonly string[] {
  const busy = busyIn(
    visit,
    all.filter(({ id }) => id !== visit.id),
  )
  const wrong = visit.team.length ? [] : ['还没有评估组']
  if (visit.team.length && visit.team.filter(({ lead }) => lead).length !== 1) wrong.push('应恰有一名组长')
  for (const { inspector_id, name } of visit.team) {
    if (people.get(inspector_id)?.ties.includes(visit.school_id)) wrong.push(`${name}与该校有回避关系`)
    const elsewhere = busy.get(inspector_id)
    if (elsewhere) wrong.push(`${name}同时在${elsewhere}`)
  }
  return wrong
}
