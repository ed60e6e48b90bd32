/**
 * What the phone keeps of a school's submission: a database for each contact and school, so that nobody sees what is
 * another's. Each change of the form of what is stored is a new `version(…)` with its upgrade.
 */

import Dexie, { type Table } from 'dexie'
import type { FieldConflict } from '../../api/types'

/** What may stand in a field of the form; the names are the API's: "/items/1.1.1/points", "/application/teachers". */
export type Value = string | number | boolean | readonly string[] | null

/** A value that somebody wrote without having seen the current one. */
export type Kept = FieldConflict['kept'][number]

/** A field as the service last told it; what was never written is at version 0. */
export interface Field {
  readonly name: string
  readonly value: Value
  readonly version: number
  readonly by: string | null
  readonly byName: string | null
  readonly at: string | null
  /** The values beside the current one, until a person has chosen. */
  readonly kept: readonly Kept[]
}

/**
 * What was typed and is not on the service yet: one a field, for only the latest counts. `base` is the version of the
 * field that the person saw. `sending` is what was last sent and not yet answered: it is sent again just so, for the
 * service may have taken it. A refused one stays, and shows, until it is typed anew.
 */
export interface Change {
  readonly name: string
  readonly value: Value
  readonly base: number
  readonly at: string
  readonly sending: { readonly value: Value } | null
  readonly refusal: string | null
}

/** A photo, PDF or stamped scan on its way. `field` is where it goes: a field of the form, or "answer/1.1.1". */
export interface File {
  readonly id: string
  readonly field: string
  readonly item: string | null
  readonly kind: 'photo' | 'file' | 'scan'
  readonly name: string
  readonly takenAt: string
  readonly size: number
  readonly sha256: string
  readonly bytes: Blob | null
  readonly preview: Blob | null
  readonly state: 'queued' | 'stored' | 'refused'
  readonly refusal: string | null
}

/** Answers of the service by name, to be shown without a network, and what is typed outside the form. */
export interface Document {
  readonly name: string
  readonly data: unknown
}

export class SchoolDatabase extends Dexie {
  declare readonly fields: Table<Field, string>
  declare readonly changes: Table<Change, string>
  declare readonly files: Table<File, string>
  declare readonly documents: Table<Document, string>

  constructor(personId: string, schoolId: string) {
    // "strict": what shows as kept survives the battery's end, not only the tab's.
    super(`zhiping-school-${personId}-${schoolId}`, { chromeTransactionDurability: 'strict' })
    this.version(1).stores({ fields: 'name', changes: 'name', files: 'id, field, state', documents: 'name' })
  }

  /** What was kept under a name. */
  async read<T>(name: string): Promise<T | null> {
    return ((await this.documents.get(name))?.data as T | undefined) ?? null
  }

  /** Keeps data under a name; null forgets it. */
  async keep(name: string, data: unknown): Promise<void> {
    await (data === null ? this.documents.delete(name) : this.documents.put({ name, data }))
  }
}
