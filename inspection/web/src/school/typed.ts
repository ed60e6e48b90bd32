/** What was typed into a field of the form, as the API takes it, or why it can't be taken. */

import type { Value } from './store/db'

export type Kind = 'name' | 'telephone' | 'count' | 'count_from_one' | 'note'

export interface Typed {
  readonly value: Value
  readonly problem: string | null
}

// As the API has them.
const TELEPHONE = /^[0-9]{3,4}-?[0-9]{4,8}(-[0-9]{1,6})?$/
const MOST = 10_000_000
/** How long a text may be. */
export const LONGEST: Readonly<Record<Kind, number>> = {
  name: 50,
  telephone: 30,
  count: 12,
  count_from_one: 12,
  note: 2000,
}

/** Reads a text; an empty one clears the field. */
export function readTyped(kind: Kind, text: string): Typed {
  if (kind === 'note') return { value: text.trim() ? withoutControls(text) : null, problem: null }
  // Numbers and dashes may come in full width from a Chinese keyboard.
  const plain = (
    kind === 'name' ? withoutControls(text).replace(/\s+/g, ' ') : text.normalize('NFKC').replace(/\s/g, '')
  ).trim()
  if (plain === '') return { value: null, problem: null }
  if (kind === 'name') return { value: plain, problem: null }
  if (kind === 'telephone') {
    return { value: plain, problem: TELEPHONE.test(plain) ? null : '应为电话号码，如 0523-86880000 或 11 位手机号' }
  }
  const least = kind === 'count' ? 0 : 1
  const count = /^\d+$/.test(plain) ? Number(plain) : NaN
  if (count >= least && count <= MOST) return { value: count, problem: null }
  if (count > MOST) return { value: plain, problem: '数字太大，请核对' }
  return { value: plain, problem: count < least ? `应为 ${least} 或更大的整数` : '应为整数，不带单位和小数' }
}

/** Neither forms nor workbooks can hold control characters; a browser lets them in by pasting. */
function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, '')
}
