/** Sends photos: first that they were taken, then their bytes by the tus protocol. The phone lets go of the bytes when the server's receipt names their SHA-256. */

import { stopsAll, type Api, type Failure } from '../api/client'
import { Upload, type DetailedError, type HttpResponse } from 'tus-js-client'
import type { Photo, PersonDatabase } from '../store/db'

/** Why a photo did not get through: for now (no network, session), or for good (the service refused it). */
export type Sent = { readonly ok: true } | { readonly ok: false; readonly status: number; readonly message: string }

const AT_ONCE = 2
const ANNOUNCED_AT_ONCE = 4
const RETRY_MS = [0, 1000, 3000]
/** Signed out, another request at work on the upload, too often: none of them says anything of the photo. */
const PASSING: ReadonlySet<number> = new Set([401, 423, 429])

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

/** Sends all queued photos that have been announced, oldest first, two at a time; stops at the first that finds no network or no session. */
export async function sendPhotos(db: PersonDatabase, token: () => string | null): Promise<Sent> {
  const queued = await db.photos
    .where({ state: 'queued' })
    .and((photo) => photo.announced)
    .sortBy('takenAt')
  const failures: Sent[] = []
  const worker = async () => {
    for (let photo = queued.shift(); photo && failures.length === 0; photo = queued.shift()) {
      const sent = await sendPhoto(db, photo, token)
      if (!sent.ok) failures.push(sent)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return failures[0] ?? { ok: true }
}

async function sendPhoto(db: PersonDatabase, photo: Photo, token: () => string | null): Promise<Sent> {
  const sent = await upload(db, photo, token)
  if (sent.ok) {
    await db.photos.update(photo.id, { state: 'stored', bytes: null, sent: 0 })
    return sent
  }
  if (sent.status >= 400 && sent.status < 500 && !PASSING.has(sent.status)) {
    // It would be refused again and again. It stays on the phone with its reason; the others go on.
    await db.photos.update(photo.id, { state: 'refused', refusal: sent.message })
    return { ok: true }
  }
  return sent
}

function upload(db: PersonDatabase, photo: Photo, token: () => string | null): Promise<Sent> {
  const { bytes } = photo
  if (!bytes) return Promise.resolve({ ok: false, status: 410, message: '手机上已没有这张照片，请重新拍摄' })
  return new Promise((resolve) => {
    let receipt: string | null = null
    const job = new Upload(bytes, {
      endpoint: '/api/uploads',
      headers: { Authorization: `Bearer ${token() ?? ''}` },
      metadata: {
        evidence_id: photo.id,
        visit_id: photo.visit,
        item: photo.item,
        kind: 'photo',
        taken_at: photo.takenAt,
        sha256: photo.sha256,
      },
      uploadDataDuringCreation: true,
      retryDelays: RETRY_MS,
      storeFingerprintForResuming: true,
      removeFingerprintOnSuccess: true,
      fingerprint: () => Promise.resolve(`zhiping-${photo.id}`),
      onProgress: (sent) => void db.photos.update(photo.id, { sent }),
      onAfterResponse: (_, response) => {
        receipt = digestOf(response) ?? receipt
      },
      onSuccess: () => {
        resolve(
          receipt === photo.sha256
            ? { ok: true }
            : { ok: false, status: 0, message: '服务器没有给出照片的回执，稍后自动重传' },
        )
      },
      onError: (error) => {
        resolve(whyNot(error))
      },
    })
    void job.findPreviousUploads().then((earlier) => {
      if (earlier[0]) job.resumeFromPreviousUpload(earlier[0])
      job.start()
    })
  })
}

/** The SHA-256 in hexadecimal of what is stored, from the header of RFC 9530. */
function digestOf(response: HttpResponse): string | null {
  const digest = /^sha-256=:([A-Za-z0-9+/=]+):$/.exec(response.getHeader('Repr-Digest') ?? '')
  if (!digest?.[1]) return null
  return Array.from(atob(digest[1]), (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}

function whyNot(error: Error | DetailedError): Sent {
  const response = 'originalResponse' in error ? error.originalResponse : null
  if (!response) return { ok: false, status: 0, message: '网络不通，有网后自动上传' }
  let message = '服务没有接受这张照片，请重新拍摄'
  try {
    message = (JSON.parse(response.getBody()) as { error: { message: string } }).error.message
  } catch {
    // A proxy's page.
  }
  return { ok: false, status: response.getStatus(), message }
}
