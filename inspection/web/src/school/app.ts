/** What all pages share: the contact's database and its sync. One person of one school at a time. */

import { shallowRef, watch } from 'vue'
import { ownSession, session } from '../shared/session'
import { SchoolDatabase } from './store/db'
import { startSync, type Sync } from './sync/engine'

/** The database of the contact who is signed in (or was, until the session ended), and the sync of it. */
export interface Desk {
  readonly db: SchoolDatabase
  readonly sync: Sync
}

export const desk = shallowRef<Desk | null>(null)

/** Who is signed in for which school; null for all others. */
export function contact(): string | null {
  const { me } = session
  return me?.holding.role === 'school' ? `${me.person_id} ${me.holding.school_id ?? ''}` : null
}

watch(
  contact,
  (who) => {
    desk.value?.sync.stop()
    desk.value?.db.close()
    desk.value = null
    if (who === null) return
    const [person = '', school = ''] = who.split(' ')
    const db = new SchoolDatabase(person, school)
    const own = ownSession(contact)
    const sync = startSync(db, own.token, own.end)
    desk.value = { db, sync }
    void sync.now()
  },
  { immediate: true },
)

watch(
  () => session.token,
  (known) => {
    if (known !== null) void desk.value?.sync.now()
  },
)

/** The desk of a page that is only shown to a school's contact. */
export function useDesk(): Desk {
  if (!desk.value) throw new Error('no contact is signed in')
  return desk.value
}
