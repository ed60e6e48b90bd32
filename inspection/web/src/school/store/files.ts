/** Photos, PDFs and stamped scans on the phone, kept with their hash before they show. */

import { previewOf, sha256 } from '../../store/photos'
import { newId } from '../../store/ids'
import type { File as Kept, SchoolDatabase } from './db'
import { changeList, isList } from './form'

export const MOST_BYTES = 20 * 1024 * 1024
export const PDF = 'application/pdf'

/** Why a file would be refused in any case, before a byte of it is sent; null where nothing is known against it. */
export function refusalOf({ size, type }: { readonly size: number; readonly type: string }): string | null {
  if (size === 0) return '这个文件是空的，请重新选择。'
  if (size > MOST_BYTES) {
    return `这个文件有 ${(size / 1024 / 1024).toFixed(1)} MB，超过 20 MB。请压缩或分成几份后再传。`
  }
  if (type && type !== PDF && !type.startsWith('image/')) return '只能用照片（JPEG、PNG、WebP、HEIC）或 PDF。'
  return null
}

/** Keeps a file for a field ("/items/1.1.1/evidence", "/scans", "answer/1.1.1"). Resolves when it is on the disk. */
export async function addFile(db: SchoolDatabase, field: string, given: File, now = new Date()): Promise<string> {
  const refusal = refusalOf(given)
  const item = /\d+\.\d+\.\d+/.exec(field)?.[0] ?? null
  const file: Kept = {
    id: newId(),
    field,
    item,
    kind: field === '/scans' ? 'scan' : given.type === PDF ? 'file' : 'photo',
    name: nameOf(given),
    takenAt: new Date(given.lastModified || now.getTime()).toISOString(),
    size: given.size,
    sha256: refusal === null ? await sha256(given) : '',
    // A copy of the bytes: the album may take its own back.
    bytes: refusal === null ? new Blob([await given.arrayBuffer()], { type: given.type }) : null,
    preview: refusal === null && given.type !== PDF ? await previewOf(given) : null,
    state: refusal === null ? 'queued' : 'refused',
    refusal,
  }
  await db.files.put(file)
  return file.id
}

/** The name as the service takes it: one line, not too long, never empty. */
function nameOf({ name }: { readonly name: string }): string {
  const line = name.replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, ' ').trim()
  return line.slice(-200).trim() || '材料'
}

/** The service has receipted the file: the phone lets go of the bytes, and it is attached where it was taken for. */
export async function stored(db: SchoolDatabase, file: Kept): Promise<void> {
  await db.transaction('rw', db.files, db.fields, db.changes, async () => {
    await db.files.update(file.id, { state: 'stored', bytes: null })
    if (isList(file.field)) await changeList(db, file.field, { add: [file.id] })
  })
}
