/**
 * Sends photos: first that they were taken, then their bytes. The phone lets go of the bytes when the server's receipt
 * names their SHA-256.
 */

import { stopsAll, type Api, type Failure } from '../api/client'
import { isRefusal, upload, type Sent } from './upload'
import type { Photo, PersonDatabase } from '../store/db'

// While one waits for an answer the others keep the line busy.
const AT_ONCE = 3
const ANNOUNCED_AT_ONCE = 4

/**
 * Tells the service of each photo that was taken: a visit can't be closed without it, and one that is lost with the phone
 * is missed. Gives the failure that stopped it, or null.
 */
export async function announcePhotos(db: PersonDatabase, api: Api): Promise<Failure | null> {
  const fresh = await db.photos
    .where({ state: 'queued' })
    .and((photo) => !photo.announced)
    .toArray()
  const failures: Failure[] = []
  const worker = async () => {
    for (let photo = fresh.shift(); photo && failures.length === 0; photo = fresh.shift()) {
      const { id, visit, item, takenAt } = photo
      const answer = await api.post(`/api/visits/${visit}/evidence`, { id, item, taken_at: takenAt, sha256: null })
      if (answer.ok) await db.photos.update(id, { announced: true })
      else if (stopsAll(answer)) failures.push(answer)
      else await db.photos.update(id, { state: 'refused', refusal: answer.message })
    }
  }
  await Promise.all(Array.from({ length: ANNOUNCED_AT_ONCE }, worker))
  return failures[0] ?? null
}

/** Told of how many bytes of a photo have been sent; null: it is not on its way any more. */
export type Progress = (photo: string, bytes: number | null) => void

/**
 * Sends all queued photos that have been announced, oldest first, some at a time; stops at the first that finds no network
 * or no session.
 */
export async function sendPhotos(
  db: PersonDatabase,
  token: () => string | null,
  progress: Progress = () => {},
): Promise<Sent> {
  const queued = await db.photos
    .where({ state: 'queued' })
    .and((photo) => photo.announced)
    .sortBy('takenAt')
  const failures: Sent[] = []
  const worker = async () => {
    for (let photo = queued.shift(); photo && failures.length === 0; photo = queued.shift()) {
      const sent = await sendPhoto(db, photo, token, progress)
      if (!sent.ok) failures.push(sent)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return failures[0] ?? { ok: true }
}

async function sendPhoto(
  db: PersonDatabase,
  photo: Photo,
  token: () => string | null,
  progress: Progress,
): Promise<Sent> {
  const sent = await send(photo, token, progress)
  progress(photo.id, null)
  if (sent.ok) {
    await db.photos.update(photo.id, { state: 'stored', bytes: null })
    return sent
  }
  if (isRefusal(sent.status)) {
    // It stays on the phone with its reason; the others go on.
    await db.photos.update(photo.id, { state: 'refused', refusal: sent.message })
    return { ok: true }
  }
  return sent
}

async function send(photo: Photo, token: () => string | null, progress: Progress): Promise<Sent> {
  const { id, bytes, sha256, visit, item, takenAt } = photo
  if (!bytes) return { ok: false, status: 410, message: '手机上已没有这张照片，请重新拍摄' }
  const metadata = { visit_id: visit, item, kind: 'photo', taken_at: takenAt }
  return upload({ id, bytes, sha256, metadata }, token, (sent) => {
    progress(id, sent)
  })
}
