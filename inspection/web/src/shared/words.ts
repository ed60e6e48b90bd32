/** The words for codes of the API, and for times and points, as people read them. */

import { asNumber } from '../rules/points'

export const STAGES: Readonly<Record<string, string>> = { primary: '小学', junior: '初中', senior: '高中' }

/** What a clause asks, in a word. */
export const CLAUSE_TITLES: Readonly<Record<string, string>> = {
  basic: '★ 基本要求',
  senior: '★ 高中要求',
  demonstration: '▲ 示范要求',
  filing: '等级保护备案',
}

/** Hundredths as text: 150 → "1.5". */
export function pointsText(points: number): string {
  return String(asNumber(points))
}

/** A moment in Shanghai: 9月5日 14:03. */
export function timeText(iso: string): string {
  return new Date(iso).toLocaleString('zh-CN', {
    timeZone: 'Asia/Shanghai',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  })
}

/** Until when: a closing midnight is the end of the day before it: 8月31日 24:00. */
export function untilText(iso: string): string {
  const text = timeText(iso)
  return text.endsWith('00:00') ? timeText(new Date(Date.parse(iso) - 1).toISOString()).replace('23:59', '24:00') : text
}

/** A day (2022-09-05) with its half: 9月5日 上午. */
export function dayText(date: string, half: string): string {
  const [, month, day] = date.split('-').map(Number)
  return `${month ?? ''}月${day ?? ''}日 ${half === 'morning' ? '上午' : '下午'}`
}

/** Today in Shanghai as the API writes days. */
export function today(now = new Date()): string {
  return now.toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' })
}
