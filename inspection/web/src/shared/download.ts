/** Files of the API: fetched with the session, and saved under their names. */

import { token } from './session'

/**
 * Saves the file at `path`, or what the service makes of `body` there; gives why it could not, in a sentence, or "".
 * `name` is used where the service sends none.
 */
export async function download(path: string, name: string, body?: unknown): Promise<string> {
  const headers = { Authorization: `Bearer ${token() ?? ''}` }
  const posted = {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }
  try {
    const response = await fetch(path, body === undefined ? { headers } : posted)
    if (!response.ok) return ((await response.json()) as { error: { message: string } }).error.message
    hand(await response.blob(), nameIn(response.headers.get('Content-Disposition') ?? '') ?? name)
    return ''
  } catch {
    return '没有取到文件，请检查网络后再点一次。'
  }
}

/** Hands a content to the browser, to be saved under the name. */
export function hand(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // Not at once: the browser reads it after the click.
  setTimeout(() => {
    URL.revokeObjectURL(link.href)
  }, 60_000)
}

/** The name in RFC 5987's form, as the service sends it. */
function nameIn(disposition: string): string | null {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1]
  return encoded ? decodeURIComponent(encoded) : null
}
