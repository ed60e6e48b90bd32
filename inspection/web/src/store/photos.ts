/** Photos on the phone: kept with their hash before they show as taken. */

import type { PersonDatabase, Photo } from './db'
import { newId } from './ids'

const PREVIEW_PX = 480

/** The SHA-256 of bytes in hexadecimal. Needs a secure context (HTTPS, or this machine itself). */
export async function sha256(bytes: Blob): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await bytes.arrayBuffer())
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Keeps a photo, untouched, as evidence of an item. Resolves with its id when it is on the disk. */
export async function addPhoto(
  db: PersonDatabase,
  visit: string,
  item: string,
  bytes: Blob,
  { annotates = null, now = new Date() }: { annotates?: string | null; now?: Date } = {},
): Promise<string> {
  const photo: Photo = {
    id: newId(),
    visit,
    item,
    takenAt: now.toISOString(),
    sha256: await sha256(bytes),
    bytes,
    preview: await previewOf(bytes),
    annotates,
    state: 'queued',
    announced: false,
    refusal: null,
  }
  await db.photos.put(photo)
  return photo.id
}

/** A small picture of a photo; null where this browser can't show it (HEIC in some). */
export async function previewOf(bytes: Blob): Promise<Blob | null> {
  if (typeof createImageBitmap !== 'function') return null
  try {
    const bitmap = await createImageBitmap(bytes, { resizeWidth: PREVIEW_PX, resizeQuality: 'medium' })
    const canvas = document.createElement('canvas')
    canvas.width = bitmap.width
    canvas.height = bitmap.height
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
    bitmap.close()
    return await new Promise((resolve) => {
      canvas.toBlob(resolve, 'image/jpeg', 0.8)
    })
  } catch {
    return null
  }
}
