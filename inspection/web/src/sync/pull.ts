/** Fetches what the server has and the phone has not: visits, packs, the rubric, what another device set. */

import type { Answer, Api } from '../api/client'
import type { Pack, RubricView, SheetView, VisitView } from '../api/types'
import type { Field, PersonDatabase, Visit } from '../store/db'

const FRESH: Omit<Visit, 'id' | 'view'> = {
  pack: null,
  sheetState: 'draft',
  sheetVersion: 0,
  pulledAt: null,
  reopened: false,
  changedItems: [],
}

/** The list of the person's visits; what is on the phone of one that is no longer theirs stays until it is synced. */
export async function pullVisits(db: PersonDatabase, api: Api): Promise<Answer<null>> {
  let cursor: string | null = null
  const seen: string[] = []
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await api.get<{ items: VisitView[]; next_cursor: string | null }>(`/api/visits?limit=100${query}`)
    if (!page.ok) return page
    for (const view of page.data.items) {
      seen.push(view.id)
      await keep(db, view)
    }
    cursor = page.data.next_cursor
  } while (cursor !== null)
  await forget(db, seen)
  return { ok: true, data: null }
}

async function keep(db: PersonDatabase, view: VisitView): Promise<void> {
  await db.transaction('rw', db.visits, async () => {
    const known = await db.visits.get(view.id)
    await db.visits.put({ ...(known ?? FRESH), id: view.id, view })
  })
}

/** Forgets visits that the server no longer shows, but for those with work that it has not got. */
async function forget(db: PersonDatabase, seen: readonly string[]): Promise<void> {
  await db.transaction('rw', db.tables, async () => {
    for (const { id } of await db.visits.where('id').noneOf(seen).toArray()) {
      if (!(await hasUnsynced(db, id))) await wipe(db, id)
    }
  })
}

/** Whether something of the visit is on this phone alone. */
export async function hasUnsynced(db: PersonDatabase, visit: string): Promise<boolean> {
  const photos = db.photos.where({ visit }).and((photo) => photo.state !== 'stored')
  return (await db.operations.where({ visit }).count()) + (await photos.count()) > 0
}

/** Removes all of a visit from the phone. */
export async function wipe(db: PersonDatabase, visit: string): Promise<void> {
  await db.visits.delete(visit)
  for (const table of [db.fields, db.operations, db.revealed, db.conflicts, db.photos, db.ownEvidence]) {
    await table.where({ visit }).delete()
  }
}

/** Makes a visit available without a network: its pack, its rubric, and the sheet as the server has it. */
export async function pullVisit(db: PersonDatabase, api: Api, visit: string): Promise<Answer<null>> {
  const pack = await api.get<Pack>(`/api/visits/${visit}/pack`)
  if (!pack.ok) return pack
  if (!(await db.rubrics.get(pack.data.rubric.sha256))) {
    const rubric = await api.get<RubricView>(`/api/rubric?sha256=${pack.data.rubric.sha256}`)
    if (!rubric.ok) return rubric
    await db.rubrics.put(rubric.data)
  }
  const since = (await db.visits.get(visit))?.sheetVersion ?? 0
  const sheet = await api.get<SheetView>(`/api/visits/${visit}/sheet?since=${since}`)
  if (!sheet.ok) return sheet
  await takeSheet(db, visit, pack.data, sheet.data, since)
  return { ok: true, data: null }
}

async function takeSheet(
  db: PersonDatabase,
  visit: string,
  pack: Pack,
  sheet: SheetView,
  since: number,
): Promise<void> {
  const tables = [db.visits, db.rubrics, db.fields, db.operations, db.revealed, db.conflicts]
  await db.transaction('rw', tables, async () => {
    const known = await db.visits.get(visit)
    const changed = await changedItems(db, known?.pack?.rubric.sha256, pack.rubric.sha256)
    const waiting = await db.operations.where({ visit }).toArray()
    const ownLatest = new Set(waiting.map((each) => `${each.item} ${each.field}`))
    // What this phone has set and not sent yet stands here; the server merges it when it gets there.
    const fields = sheet.fields.filter((each) => !ownLatest.has(`${each.item} ${each.field}`))
    await db.fields.bulkPut(
      fields.map(({ item, field, value, id }): Field => ({ visit, item, field, value, operation: id })),
    )
    await db.conflicts.where({ visit }).delete()
    await db.conflicts.bulkPut(sheet.conflicts.map((conflict) => ({ ...conflict, visit })))
    await db.revealed.bulkPut(Object.entries(sheet.revealed).map(([item, own]) => ({ ...own, visit, item })))
    await db.visits.put({
      id: visit,
      view: pack.visit,
      pack,
      sheetState: sheet.state,
      // Something was given up meanwhile (`dismiss`): the next pull has to begin further back than this one did.
      sheetVersion: known && known.sheetVersion < since ? known.sheetVersion : sheet.version,
      pulledAt: new Date().toISOString(),
      // Signed before and a draft again: somebody opened it.
      reopened: sheet.state === 'draft' && (known?.sheetState === 'signed' || known?.reopened === true),
      changedItems: [...new Set([...(known?.changedItems ?? []), ...changed])],
    })
  })
}

/** The codes of the items that are not the same in both versions of a rubric: other words, points or clauses, or new. */
async function changedItems(db: PersonDatabase, before: string | undefined, after: string): Promise<string[]> {
  if (before === undefined || before === after) return []
  const [old, now] = await Promise.all([db.rubrics.get(before), db.rubrics.get(after)])
  if (!old || !now) return []
  const known = new Map(itemsOf(old).map((item) => [item.code, JSON.stringify(item)]))
  return itemsOf(now)
    .filter((item) => known.get(item.code) !== JSON.stringify(item))
    .map((item) => item.code)
}

const itemsOf = (rubric: RubricView) =>
  rubric.groups.flatMap((group) => group.indicators.flatMap((indicator) => indicator.items))
