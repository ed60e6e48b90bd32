/** What all pages share: the person's database and its sync. One person at a time. */

import { shallowRef, watch } from 'vue'
import { PersonDatabase } from '../store/db'
import { startSync, type Sync } from '../sync/engine'
import { startLive, type Live } from '../sync/live'
import { ownSession, session } from '../shared/session'

/** The database of the person who is signed in (or was, until the session ended), and the sync of it. */
export interface Desk {
  readonly db: PersonDatabase
  readonly sync: Sync
  readonly live: Live
}

export const desk = shallowRef<Desk | null>(null)

watch(
  () => session.me?.person_id,
  (person) => {
    desk.value?.sync.stop()
    desk.value?.live.stop()
    desk.value?.db.close()
    desk.value = null
    if (!person) return
    const db = new PersonDatabase(person)
    const own = ownSession(() => session.me?.person_id)
    const sync = startSync(db, own.token, own.end)
    const live = startLive(own.token, () => {
      void sync.now()
    })
    desk.value = { db, sync, live }
    void sync.now()
  },
  { immediate: true },
)

watch(
  () => session.token,
  (token) => {
    if (token !== null) void desk.value?.sync.now()
  },
)

/** The desk of a page that is only shown to somebody signed in. */
export function useDesk(): Desk {
  if (!desk.value) throw new Error('nobody is signed in')
  return desk.value
}
