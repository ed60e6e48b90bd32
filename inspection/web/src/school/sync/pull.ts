/** Fetches what the service has and the phone has not. */

import type { Api, Failure } from '../../api/client'
import type { ChangesSince, CycleView, InboxPage, RubricView, SubmissionSummary, SubmissionView } from '../../api/types'
import type { SchoolDatabase } from '../store/db'
import { fieldsOf, takeField } from '../store/form'

/** The names under which answers are kept. */
export const VIEW = 'view'
export const CYCLE = 'cycle'
export const RUBRIC = 'rubric'
export const INBOX = 'inbox'
/** How far the fields are: the submission's version. */
export const VERSION = 'version'
/** Set where the school takes part in no submission of the cycle, or there is no cycle. */
export const NONE = 'none'

/** Whether the phone knows the school's submission; fetches it where not. The failure, or null. */
export async function pullFirst(db: SchoolDatabase, api: Api): Promise<Failure | null> {
  const cycle = await api.get<CycleView>('/api/cycle')
  if (!cycle.ok) return none(db, cycle)
  await db.keep(CYCLE, cycle.data)
  const listed = await api.get<{ items: SubmissionSummary[] }>('/api/submissions')
  if (!listed.ok) return listed
  const [own] = listed.data.items
  if (!own) {
    await db.keep(NONE, '本校还没有列入本年度的创建名单。如有疑问，请联系市（区）教育局。')
    return null
  }
  const known = await db.read<SubmissionView>(VIEW)
  // Another year's: what was typed for the last one can't be sent any more.
  if (known && known.id !== own.id) await db.transaction('rw', db.tables, () => forget(db))
  return pullView(db, api, own.id)
}

async function none(db: SchoolDatabase, failure: Failure): Promise<Failure | null> {
  if (failure.status !== 409 && failure.status !== 404) return failure
  await db.keep(NONE, failure.message)
  return null
}

async function forget(db: SchoolDatabase): Promise<void> {
  await Promise.all([db.fields.clear(), db.changes.clear(), db.files.clear()])
  await Promise.all([VIEW, VERSION].map((name) => db.keep(name, null)))
}

/** The rubric that the submission is assessed by: a published one keeps its own, whatever the cycle's becomes. */
async function pullRubric(db: SchoolDatabase, api: Api, sha256: string): Promise<Failure | null> {
  if ((await db.read<RubricView>(RUBRIC))?.sha256 === sha256) return null
  const fresh = await api.get<RubricView>(`/api/rubric?sha256=${sha256}`)
  if (!fresh.ok) return fresh
  await db.keep(RUBRIC, fresh.data)
  return null
}

/** The submission whole: what is missing, what can be done, what happened. */
export async function pullView(db: SchoolDatabase, api: Api, submission: string): Promise<Failure | null> {
  const answer = await api.get<SubmissionView>(`/api/submissions/${submission}`)
  if (!answer.ok) return answer
  const failure = await pullRubric(db, api, answer.data.rubric_sha256)
  if (failure) return failure
  await db.transaction('rw', db.tables, async () => {
    for (const field of fieldsOf(answer.data)) {
      const known = await db.fields.get(field.field)
      if (!known || known.version < field.version) await takeField(db, field)
    }
    if ((await db.read<number>(VERSION)) === null) await db.keep(VERSION, answer.data.version)
    await db.keep(VIEW, answer.data)
    await db.keep(NONE, null)
  })
  return null
}

/** What others wrote since; gives the submission's version and state. */
export async function pullChanges(
  db: SchoolDatabase,
  api: Api,
  submission: string,
): Promise<{ ok: true; version: number; state: string } | Failure> {
  const since = (await db.read<number>(VERSION)) ?? 0
  const answer = await api.get<ChangesSince>(`/api/submissions/${submission}/changes?since=${since}`)
  if (!answer.ok) return answer
  await db.transaction('rw', db.fields, db.changes, db.documents, async () => {
    for (const change of answer.data.changes) await takeField(db, change)
    await db.keep(VERSION, answer.data.version)
  })
  return { ok: true, version: answer.data.version, state: answer.data.state }
}

/** The newest messages. */
export async function pullInbox(db: SchoolDatabase, api: Api): Promise<Failure | null> {
  const answer = await api.get<InboxPage>('/api/inbox?limit=50')
  if (!answer.ok) return answer
  await db.keep(INBOX, answer.data)
  return null
}
