/** Sends files, a few at a time; what is refused stays on the phone with its reason, and the others go on. */

import { isRefusal, upload, type Sent } from '../../sync/upload'
import type { File, SchoolDatabase } from '../store/db'
import { stored } from '../store/files'

const AT_ONCE = 2

type Failed = Extract<Sent, { ok: false }>

/**
 * Sends all that waits, oldest first; stops at the first that finds no network or no session. `progress` holds the bytes
 * sent of those under way, by id. Gives how many are stored by now, and what it stopped at.
 */
export async function sendFiles(
  db: SchoolDatabase,
  submission: string,
  token: () => string | null,
  progress: Record<string, number>,
): Promise<{ attached: number; failure: Failed | null }> {
  const waiting = await db.files.where({ state: 'queued' }).sortBy('takenAt')
  const failures: Failed[] = []
  let attached = 0
  const worker = async () => {
    for (let file = waiting.shift(); file && failures.length === 0; file = waiting.shift()) {
      const { id } = file
      const sent = await send(submission, file, token, (bytes) => {
        progress[id] = bytes
      })
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a plain record, as Vue follows it
      delete progress[id]
      if (sent.ok) {
        await stored(db, file)
        attached++
      } else if (isRefusal(sent.status)) await db.files.update(id, { state: 'refused', refusal: sent.message })
      else failures.push(sent)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return { attached, failure: failures[0] ?? null }
}

async function send(
  submission: string,
  { id, bytes, sha256, kind, name, item, takenAt }: File,
  token: () => string | null,
  onProgress: (sent: number) => void,
): Promise<Sent> {
  if (!bytes) return { ok: false, status: 410, message: '手机上已没有这份文件，请重新选择' }
  const metadata: Record<string, string> = { submission_id: submission, kind, name, taken_at: takenAt }
  if (item !== null) metadata['item'] = item
  return upload({ id, bytes, sha256, metadata }, token, onProgress)
}
