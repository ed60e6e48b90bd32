/** Requests to the service. What can go wrong is part of the answer, never an exception. */

import type { components } from './schema.gen'

export type ErrorDetail = components['schemas']['ErrorDetail']

/** Why a request failed. `status` 0: no answer came (no network, or it was cut). `message` says what to do next. */
export interface Failure {
  readonly ok: false
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details: readonly ErrorDetail[]
  readonly retryAfter: number | null
}

/** Whether all other requests would fail as well, and it is better to wait: no network, no session, too many, a fault. */
export function stopsAll({ status }: Pick<Failure, 'status'>): boolean {
  return status === 0 || status === 401 || status === 429 || status >= 500
}

export type Answer<T> = { readonly ok: true; readonly data: T } | Failure

/** Sends requests in a person's name. */
export interface Api {
  get<T>(path: string): Promise<Answer<T>>
  post<T>(path: string, body?: unknown): Promise<Answer<T>>
  put<T>(path: string, body: unknown): Promise<Answer<T>>
  patch<T>(path: string, body: unknown): Promise<Answer<T>>
  delete<T>(path: string): Promise<Answer<T>>
}

const TIMEOUT_MS = 30_000

/** An API with the token that `token` gives (null: signed out) at the time of each request. */
export function newApi(token: () => string | null, base = ''): Api {
  const send = <T>(method: string, path: string, body?: unknown) => request<T>(base + path, method, token(), body)
  return {
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
    patch: (path, body) => send('PATCH', path, body),
    delete: (path) => send('DELETE', path),
  }
}

async function request<T>(url: string, method: string, token: string | null, body: unknown): Promise<Answer<T>> {
  const headers: Record<string, string> = {}
  if (token) headers['Authorization'] = `Bearer ${token}`
  // A file goes as it is; fetch names its type.
  const file = body instanceof Blob
  if (body !== undefined && !file) headers['Content-Type'] = 'application/json'
  try {
    const sent = body === undefined ? null : file ? body : JSON.stringify(body)
    const response = await fetch(url, { method, headers, body: sent, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const content = await response.text()
    if (!response.ok) return failure(response, content)
    return { ok: true, data: (content ? JSON.parse(content) : null) as T }
  } catch {
    return noAnswer()
  }
}

/** A failure in one line for a person: what is wrong as a whole, then each thing. */
export function explain({ message, details }: Failure): string {
  return [message, ...details.map((detail) => detail.message)].join('；')
}

function noAnswer(): Failure {
  const message = '网络不通。已填的内容都在手机上，有网后会自动同步。'
  return { ok: false, status: 0, code: 'no_network', message, details: [], retryAfter: null }
}

function failure(response: Response, content: string): Failure {
  const { status } = response
  const retryAfter = Number(response.headers.get('Retry-After')) || null
  try {
    const { error } = JSON.parse(content) as { error: components['schemas']['Error']['error'] }
    return { ok: false, status, code: error.code, message: error.message, details: error.details, retryAfter }
  } catch {
    // A proxy in between, or a captive portal, speaks HTML.
    const message = '服务没有正常应答，请稍后重试。'
    return { ok: false, status, code: 'no_service', message, details: [], retryAfter }
  }
}
