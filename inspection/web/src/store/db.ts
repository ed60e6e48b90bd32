/**
 * What the phone keeps: a database (IndexedDB) for each person who signs in on it, so that nobody sees or deletes what
 * is another's, and a small one for the device itself.
 *
 * Each change of the form of what is stored is a new `version(…)` with its upgrade and a test from the one before.
 */

import Dexie, { type Table } from 'dexie'
import type { Pack, RubricView, SelfAssessed, SheetConflict, VisitView } from '../api/types'
import { newId } from './ids'

export type Value = number | boolean | string | null

/** A visit on the phone. `pack` is there once it was made available offline. */
export interface Visit {
  readonly id: string
  readonly view: VisitView
  readonly pack: Pack | null
  /** Of the own sheet as the server last told. */
  readonly sheetState: 'draft' | 'signed'
  readonly sheetVersion: number
  /** When the phone last had everything from the server; ISO 8601. */
  readonly pulledAt: string | null
  /** The signed sheet was opened again, and has not been signed since. */
  readonly reopened: boolean
  /** Items that a new version of the rubric changed, until the person has said that they know. */
  readonly changedItems: readonly string[]
}

/** What stands in a field of an item on this phone: "points" (a number of points), "note", or "clauses/<name>". */
export interface Field {
  readonly visit: string
  readonly item: string
  readonly field: string
  readonly value: Value
  /** The operation that set it: what the next one on this field has seen. */
  readonly operation: string
}

/** A change that the server has not acknowledged yet. A refused one stays until the person has dealt with it. */
export interface Operation {
  readonly id: string
  readonly visit: string
  readonly seq: number
  readonly at: string
  readonly item: string
  readonly field: string
  readonly value: Value
  readonly saw: string | null
  readonly state: 'queued' | 'refused'
  readonly refusal: { readonly code: string; readonly message: string } | null
}

/** The school's own answer on an item, which the server tells once the item is scored. */
export interface Revealed extends SelfAssessed {
  readonly visit: string
  readonly item: string
}

/** A field that two devices of the inspector set without having seen each other. */
export interface Conflict extends SheetConflict {
  readonly visit: string
}

/** A photo. Its bytes stay until the server's receipt names their SHA-256. */
export interface Photo {
  readonly id: string
  readonly visit: string
  readonly item: string
  readonly takenAt: string
  readonly sha256: string
  readonly bytes: Blob | null
  /** A small picture that stays, to be shown without a network. */
  readonly preview: Blob | null
  /** The photo that this one is an annotated copy of. */
  readonly annotates: string | null
  readonly state: 'queued' | 'stored' | 'refused'
  /** Whether the server knows that it was taken. */
  readonly announced: boolean
  readonly refusal: string | null
}

/** What the school attached to an item, as it was last seen here: the small pictures stay for when there is no network. */
export interface OwnEvidence {
  readonly visit: string
  readonly item: string
  readonly files: readonly OwnFile[]
}

/** One of them. Without a `small` picture it is a document, or the service could not show it: `refusal` says why. */
export interface OwnFile {
  readonly id: string
  readonly name: string
  readonly small: Blob | null
  readonly refusal: string | null
}

/** Small things by name. */
export interface Setting {
  readonly name: string
  readonly value: unknown
}

export class PersonDatabase extends Dexie {
  declare readonly visits: Table<Visit, string>
  declare readonly rubrics: Table<RubricView, string>
  declare readonly fields: Table<Field, [string, string, string]>
  declare readonly operations: Table<Operation, string>
  declare readonly revealed: Table<Revealed, [string, string]>
  declare readonly conflicts: Table<Conflict, [string, string, string]>
  declare readonly photos: Table<Photo, string>
  declare readonly ownEvidence: Table<OwnEvidence, [string, string]>
  declare readonly settings: Table<Setting, string>

  constructor(personId: string) {
    // "strict": a tap that shows as saved survives the battery's end, not only the tab's.
    super(`zhiping-${personId}`, { chromeTransactionDurability: 'strict' })
    this.version(1).stores({
      visits: 'id',
      rubrics: 'sha256',
      fields: '[visit+item+field], visit',
      operations: 'id, visit, seq, state',
      revealed: '[visit+item], visit',
      conflicts: '[visit+item+field], visit',
      photos: 'id, visit, [visit+item], state',
      settings: 'name',
    })
    this.version(2)
      .stores({ ownEvidence: '[visit+item], visit' })
      .upgrade(async (all) => {
        await all.table('visits').toCollection().modify({ reopened: false, changedItems: [] })
        await all
          .table('photos')
          .toCollection()
          .modify((photo: { sent?: number }) => {
            // How far an upload has come is asked of the server; writing it down woke every page that shows photos.
            delete photo.sent
          })
      })
  }
}

/** The number that the person's next operation on this device carries; within a transaction on `settings`. */
export async function nextSeq(db: PersonDatabase): Promise<number> {
  const last = await db.settings.get('seq')
  const seq = ((last?.value as number | undefined) ?? 0) + 1
  await db.settings.put({ name: 'seq', value: seq })
  return seq
}

/** This device's id: made once for each person, so that two people's sequences never mix. */
export async function deviceId(db: PersonDatabase): Promise<string> {
  return db.transaction('rw', db.settings, async () => {
    const known = await db.settings.get('device')
    if (known) return known.value as string
    const value = newId()
    await db.settings.put({ name: 'device', value })
    return value
  })
}
