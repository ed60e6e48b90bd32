/** Whether this app is too old for the service (docs/compatibility.md), and how far its clock is off. */

import type { Api, Failure } from '../api/client'
import type { components } from '../api/schema.gen'

/** This app's own number: raised together with `OLDEST_APP` of the service, when the API could not only grow. */
export const APP = 1

const KNOWN_FOR_MS = 10 * 60 * 1000
export const TOO_OLD = 'app_too_old'

export interface Version {
  /** Asks the service, unless it has just told. A failure keeps everything on the phone: nothing may be sent. */
  check(): Promise<Failure | null>
  /** Asks again the next time. */
  forget(): void
}

/** `heard` is told by how much the phone's clock is ahead of the service's, in milliseconds. */
export function newVersion(api: Api, heard: (clockAheadMs: number) => void, now = Date.now): Version {
  let fineUntil = 0
  return {
    async check() {
      if (now() < fineUntil) return null
      const answer = await api.get<components['schemas']['AppInfo']>('/api/app')
      if (!answer.ok) return answer
      heard(now() - Date.parse(answer.data.server_now))
      if (answer.data.oldest_app > APP) {
        const message = '应用版本太旧，更新后才能同步。已填的内容都在手机上，可以接着打分。'
        return { ok: false, status: 503, code: TOO_OLD, message, details: [], retryAfter: null }
      }
      fineUntil = now() + KNOWN_FOR_MS
      return null
    },
    forget() {
      fineUntil = 0
    },
  }
}
