/** Sends what the phone has and the server has not: batches of operations, each applied once however often it is sent. */

import type { Api, Failure } from '../api/client'
import type { OperationBatch, Synced } from '../api/types'
import { deviceId, type Operation, type PersonDatabase } from '../store/db'

const MOST_IN_BATCH = 500
const PUT_ASIDE = [400, 403, 404, 422]

/** What came of a push: what the server's clock says beside the phone's, or why it stopped. */
export type Pushed = { readonly ok: true; readonly clockAheadMs: number | null } | Failure

/** Sends all queued operations of a visit, oldest first. Nothing leaves the phone's queue before it is acknowledged. */
export async function push(db: PersonDatabase, api: Api, visit: string): Promise<Pushed> {
  const device = await deviceId(db)
  let clockAheadMs: number | null = null
  for (;;) {
    const queued = await db.operations
      .where({ visit })
      .and((each) => each.state === 'queued')
      .sortBy('seq')
    const batch = queued.slice(0, MOST_IN_BATCH)
    if (batch.length === 0) return { ok: true, clockAheadMs }
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
      await putAside(db, batch, answer)
      continue
    }
    clockAheadMs = sentAt - Date.parse(answer.data.server_now)
    await acknowledge(db, visit, answer.data)
  }
}

async function putAside(db: PersonDatabase, batch: readonly Operation[], { code, message }: Failure): Promise<void> {
  await db.operations.bulkPut(batch.map((each) => ({ ...each, state: 'refused', refusal: { code, message } })))
}

/** Takes the answer to a batch in, in one transaction. */
export async function acknowledge(db: PersonDatabase, visit: string, answer: Synced): Promise<void> {
  await db.transaction('rw', db.operations, db.conflicts, db.revealed, async () => {
    await db.operations.bulkDelete([...answer.applied, ...answer.known])
    for (const { id, code, message } of answer.refused) {
      await db.operations.update(id, { state: 'refused', refusal: { code, message } })
    }
    await db.conflicts.where({ visit }).delete()
    await db.conflicts.bulkPut(answer.conflicts.map((conflict) => ({ ...conflict, visit })))
    await db.revealed.bulkPut(Object.entries(answer.revealed).map(([item, own]) => ({ ...own, visit, item })))
  })
}
