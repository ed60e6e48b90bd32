/** Two people on one phone: what one has under way is never sent in the other's name. */

import { afterEach, expect, test, vi } from 'vitest'
import type { Me } from '../src/api/types'
import { ownSession, session } from '../src/shared/session'
import { PersonDatabase } from '../src/store/db'
import { newId } from '../src/store/ids'
import { setField } from '../src/store/sheet'
import { startSync } from '../src/sync/engine'
import { FakeService, OTHER_VISIT, VISIT, visitView } from './service'

afterEach(() => {
  vi.unstubAllGlobals()
  localStorage.clear()
})

/** As the sign-in page and `refresh` leave it. */
function signIn(token: string): void {
  localStorage.setItem('zhiping.token', token)
  Object.assign(session, { me: { person_id: newId() } as Me, token, ended: false })
}

test.each([200, 401])(
  'a round under way when somebody else signs in does nothing in their name (%i)',
  async (status) => {
    const service = new FakeService().install()
    service.visits.set(OTHER_VISIT, visitView(OTHER_VISIT))
    signIn('first')
    const db = new PersonDatabase(newId())
    const own = ownSession(() => session.me?.person_id)
    const sync = startSync(db, own.token, own.end)
    await setField(db, VISIT, '1.1.1', 'points', 1)
    await setField(db, OTHER_VISIT, '1.1.1', 'points', 1)
    // The answer to the first request comes after the second person has signed in.
    service.beforeAnswer = () => {
      const sent = service.requests.at(-1)
      if (sent?.path.endsWith('/operations') && session.token === 'first') signIn('second')
      return Promise.resolve()
    }
    if (status !== 200) service.refusing.set(`/api/visits/${VISIT}/operations`, status)
    await sync.now()
    sync.stop()
    const sent = service.requests.filter(({ path }) => path.endsWith('/operations'))
    expect(sent[0]?.token).toBe('Bearer first')
    expect(service.requests.map(({ token }) => token)).not.toContain('Bearer second')
    expect(localStorage.getItem('zhiping.token')).toBe('second')
    expect(session).toMatchObject({ token: 'second', ended: false })
    await db.delete()
  },
)
