/** Sends what the phone has and the server has not: batches of operations, each applied once however often it is sent. */

import type { Api, Failure } from '../api/client'
import type { OperationBatch, Synced } from '../api/types'
import { deviceId, type Operation, type PersonDatabase } from '../store/db'

const MOST_IN_BATCH = 500
const PUT_ASIDE = [400, 403, 404, 422]

/**
 * What came of a push: what the server's clock says beside the phone's, and whether the server has something of the visit
 * that the phone has not (another device's changes, another state, another rubric); or why it stopped.
 */
export type Pushed = { readonly ok: true; readonly clockAheadMs: number | null; readonly stale: boolean } | Failure

/**
 * Sends all queued operations of a visit, oldest first. Nothing leaves the phone's queue before it is acknowledged.
 * `stillSpeaks` gives what speaks against putting a batch aside that was refused as a whole, which then stays queued.
 */
export async function push(
  db: PersonDatabase,
  api: Api,
  visit: string,
  stillSpeaks: () => Promise<Failure | null> = () => Promise.resolve(null),
): Promise<Pushed> {
  const device = await deviceId(db)
  let clockAheadMs: number | null = null
  let stale = false
  for (;;) {
    const queued = await db.operations
      .where({ visit })
      .and((each) => each.state === 'queued')
      .sortBy('seq')
    const batch = queued.slice(0, MOST_IN_BATCH)
    if (batch.length === 0) return { ok: true, clockAheadMs, stale }
    const sentAt = Date.now()
    const body: OperationBatch = {
      device,
      device_now: new Date(sentAt).toISOString(),
      operations: batch.map(({ id, seq, at, item, field, value, saw }) => ({ id, seq, at, item, field, value, saw })),
    }
    const answer = await api.post<Synced>(`/api/visits/${visit}/operations`, body)
    if (!answer.ok) {
      // What is malformed as a whole, or of a visit that is no longer theirs, would come back for ever: each change is
      // put aside with the reason.
      if (!PUT_ASIDE.includes(answer.status)) return answer
      const against = await stillSpeaks()
      if (against) return against
      await putAside(db, batch, answer)
      continue
    }
    clockAheadMs = sentAt - Date.parse(answer.data.server_now)
    if (!(await acknowledge(db, visit, answer.data))) stale = true
  }
}

async function putAside(db: PersonDatabase, batch: readonly Operation[], { code, message }: Failure): Promise<void> {
  await db.operations.bulkPut(batch.map((each) => ({ ...each, state: 'refused', refusal: { code, message } })))
}

/** Takes the answer to a batch in, in one transaction. False: the phone does not know the visit as the server has it. */
export async function acknowledge(db: PersonDatabase, visit: string, answer: Synced): Promise<boolean> {
  return db.transaction('rw', db.operations, db.conflicts, db.revealed, db.visits, async () => {
    await db.operations.bulkDelete([...answer.applied, ...answer.known])
    for (const { id, code, message } of answer.refused) {
      await db.operations.update(id, { state: 'refused', refusal: { code, message } })
    }
    await db.conflicts.where({ visit }).delete()
    await db.conflicts.bulkPut(answer.conflicts.map((conflict) => ({ ...conflict, visit })))
    await db.revealed.bulkPut(Object.entries(answer.revealed).map(([item, own]) => ({ ...own, visit, item })))
    const known = await db.visits.get(visit)
    // One batch counts one version: had anybody else changed the sheet, it would have come further.
    const expected = (known?.sheetVersion ?? 0) + (answer.applied.length ? 1 : 0)
    if (!known || answer.version !== expected) return false
    await db.visits.update(visit, { sheetVersion: answer.version })
    return (
      known.sheetState === answer.state &&
      known.view.state === answer.phase &&
      known.pack?.rubric.sha256 === answer.rubric_sha256
    )
  })
}
