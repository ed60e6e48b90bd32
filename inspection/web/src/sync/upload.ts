/** Sends the bytes of a photo or file by the tus protocol, and goes on where an earlier try was cut. */

import { Upload, type DetailedError, type HttpResponse } from 'tus-js-client'

/** Why a file did not get through: for now (no network, session), or for good (the service refused it). */
export type Sent = { readonly ok: true } | { readonly ok: false; readonly status: number; readonly message: string }

/** What is sent: `id` names the record that the bytes belong to, `metadata` what the service is told of it. */
export interface Bytes {
  readonly id: string
  readonly bytes: Blob
  readonly sha256: string
  readonly metadata: Readonly<Record<string, string>>
}

/** In all longer than the 10 s for which a request that was killed holds its upload. */
const RETRY_MS = [0, 1000, 3000, 4000, 5000]
/** Two of the service's own chunks: a proxy that hands requests on only when they are whole loses no more than that. */
const PIECE_BYTES = 2 * 255 * 1024
/** An upload that is cut in its first request is forgotten by the service: only a small one comes along with it. */
const SMALL = 256 * 1024
/** Signed out, another request at work on the upload, too often: none of them says anything of the file. */
const PASSING: ReadonlySet<number> = new Set([401, 423, 429])

/** Whether the service would refuse the same again and again. */
export function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && !PASSING.has(status)
}

/** Sends the bytes; done is what the service has receipted with the very hash. `onProgress` hears how many are sent. */
export function upload(
  { id, bytes, sha256, metadata }: Bytes,
  token: () => string | null,
  onProgress: (sent: number) => void,
): Promise<Sent> {
  return new Promise((resolve) => {
    let receipt: string | null = null
    const job = new Upload(bytes, {
      endpoint: '/api/uploads',
      headers: { Authorization: `Bearer ${token() ?? ''}` },
      metadata: { ...metadata, evidence_id: id, sha256 },
      uploadDataDuringCreation: bytes.size <= SMALL,
      chunkSize: PIECE_BYTES,
      retryDelays: RETRY_MS,
      storeFingerprintForResuming: true,
      removeFingerprintOnSuccess: true,
      fingerprint: () => Promise.resolve(`zhiping-${id}`),
      onProgress,
      onAfterResponse: (_, response) => {
        receipt = digestOf(response) ?? receipt
      },
      onSuccess: () => {
        resolve(
          receipt === sha256 ? { ok: true } : { ok: false, status: 0, message: '服务器没有给出回执，稍后自动重传' },
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
  let message = '服务没有接受这份文件，请重新选择'
  try {
    message = (JSON.parse(response.getBody()) as { error: { message: string } }).error.message
  } catch {
    // A proxy's page.
  }
  return { ok: false, status: response.getStatus(), message }
}
