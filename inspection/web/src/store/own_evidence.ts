/** What the school attached to an item, kept small: seen once with a network, it is there without one. */

import type { ItemEvidence } from '../api/types'
import type { OwnFile, PersonDatabase } from './db'

/** Keeps the answer to GET …/items/{item}/evidence, with the small pictures; those that are there already stay. */
export async function keepOwnEvidence(
  db: PersonDatabase,
  visit: string,
  { item, evidence }: ItemEvidence,
): Promise<void> {
  const known = new Map((await db.ownEvidence.get([visit, item]))?.files.map((file) => [file.id, file.small]))
  const files = await Promise.all(
    evidence.map(async ({ id, name, file }): Promise<OwnFile> => ({
      ...{ id, name, refusal: file?.refusal ?? null },
      small: known.get(id) ?? (file?.small ? await bytesOf(file.small) : null),
    })),
  )
  await db.ownEvidence.put({ visit, item, files })
}

async function bytesOf(address: string): Promise<Blob | null> {
  try {
    const response = await fetch(address)
    return response.ok ? await response.blob() : null
  } catch {
    return null
  }
}
