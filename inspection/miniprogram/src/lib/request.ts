/** Requests to the service. What can go wrong is part of the answer, never an exception. */

import type { components } from '../../../web/src/api/schema.gen'
import { ORIGIN } from '../site'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** Why something failed. `status` 0: no answer came. `message` says what to do next; `retryAfter` is in seconds. */
export interface Failure {
  readonly ok: false
  readonly status: number
  readonly code: string
  readonly message: string
  readonly retryAfter: number | null
}

export type Answer<T> = { readonly ok: true; readonly data: T } | Failure

const TIMEOUT_MS = 20_000

/** A failure that did not come from the service. */
export function failed(code: string, message: string): Failure {
  return { ok: false, status: 0, code, message, retryAfter: null }
}

/** One request; `token` is null for what needs no session. */
export function request<T>(method: Method, path: string, token: string | null, body?: object): Promise<Answer<T>> {
  return new Promise((resolve) => {
    wx.request({
      url: ORIGIN + path,
      // WeChat's types know all methods of HTTP but its documentation leaves no doubt about these four.
      method,
      data: body,
      timeout: TIMEOUT_MS,
      header: token === null ? {} : { Authorization: `Bearer ${token}` },
      // WeChat calls `success` with every status.
      success: ({ statusCode, data, header }) => {
        resolve(statusCode < 300 ? { ok: true, data: data as T } : refused(statusCode, data, header))
      },
      fail: () => {
        resolve(failed('no_network', '现在连不上网络，请检查网络；连上后会自动重试，也可以点“重试”'))
      },
    })
  })
}

function refused(status: number, data: unknown, header: WechatMiniprogram.IAnyObject): Failure {
  const retryAfter = Number(header['Retry-After'] ?? header['retry-after']) || null
  const error = (data as Partial<components['schemas']['Error']> | null)?.error
  if (error === undefined) {
    // A proxy in between speaks HTML.
    return { ok: false, status, code: 'no_service', message: '服务没有正常应答，请稍后重试', retryAfter }
  }
  const message = [error.message, ...error.details.map((each) => each.message)].join('；')
  return { ok: false, status, code: error.code, message: waiting(message, status, retryAfter), retryAfter }
}

function waiting(message: string, status: number, seconds: number | null): string {
  if (status !== 429 || seconds === null) return message
  return `${message}（${seconds < 60 ? `${String(seconds)} 秒` : `约 ${String(Math.ceil(seconds / 60))} 分钟`}后再试）`
}
