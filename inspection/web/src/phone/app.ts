/** What all pages share: the person's database and its sync. One person at a time. */

import { shallowRef, watch } from 'vue'
import { PersonDatabase } from '../store/db'
import { startSync, type Sync } from '../sync/engine'
import { startLive, type Live } from '../sync/live'
import { end, session, token } from '../shared/session'

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
    // A round may end after somebody else has signed in: nothing of it is sent in their name, nor ends their session.
    const still = () => session.me?.person_id === person
    const mine = () => (still() ? token() : null)
    const sync = startSync(db, mine, () => {
      if (still()) end()
    })
    desk.value = {
      db,
      sync,
      live: startLive(mine, () => {
        void sync.now()
      }),
    }
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
