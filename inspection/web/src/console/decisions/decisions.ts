/** Words for decisions, and the sending of many. */

import type { DecisionRow, DecisionsConfirmed } from '../../api/types'
import { explain } from '../../api/client'
import { CLAUSE_TITLES } from '../../shared/words'
import { api } from '../api'

export const STATES: Readonly<Record<DecisionRow['state'], string>> = {
  scored: '待认定',
  decided: '已认定',
  published: '已公布',
}

type Gap = DecisionRow['grade']['explanation'][number]

/** What stands between a school and a grade: 距优秀型：差 5.5 分；1.1.5 ▲ 示范要求未达到. */
export function gapText(gap: Gap): string {
  const short = gap.points_short > 0 ? [`差 ${gap.points_short} 分`] : []
  const unmet = gap.clauses_unmet.map(({ item, clause }) => `${item} ${CLAUSE_TITLES[clause] ?? clause}未达到`)
  return `距${gap.grade_title}：${[...short, ...unmet].join('；')}`
}

export interface Refusal {
  readonly row: DecisionRow
  readonly why: string
}

/** More than the service takes at a time would be refused whole; this many leave it time for others. */
const AT_ONCE = 200

/**
 * Decides the rows as they were seen: one that has changed since is refused, with who changed what. Gives how many were
 * decided, and which not.
 */
export async function confirm(
  rows: readonly DecisionRow[],
  opinion: string,
): Promise<{ decided: number; refused: readonly Refusal[] }> {
  let decided = 0
  const refused: Refusal[] = []
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const part = rows.slice(from, from + AT_ONCE)
    const answer = await api.post<DecisionsConfirmed>('/api/decisions', {
      submission_ids: part.map((row) => row.submission_id),
      opinion: opinion.trim() || null,
      seen: Object.fromEntries(part.map((row) => [row.submission_id, row.version])),
    })
    if (!answer.ok) {
      refused.push(...part.map((row) => ({ row, why: explain(answer) })))
      continue
    }
    decided += answer.data.decided.length
    refused.push(...answer.data.refused.flatMap((each) => refusalOf(part, each)))
  }
  return { decided, refused }
}

function refusalOf(rows: readonly DecisionRow[], each: DecisionsConfirmed['refused'][number]): Refusal[] {
  const row = rows.find(({ submission_id }) => submission_id === each.submission_id)
  return row ? [{ row, why: [each.message, ...each.reasons].join('；') }] : []
}
