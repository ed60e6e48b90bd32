/** The cycle that runs, and its words. */

import { computed, type ComputedRef } from 'vue'
import type { CycleView } from '../../api/types'
import { useAnswer, type Fetched } from '../api'

export interface RunningCycle extends Fetched<CycleView> {
  readonly districtName: (id: string) => string
  readonly districts: ComputedRef<readonly { readonly value: string; readonly label: string }[]>
  /** A grade's Chinese name; without one, 未达标. */
  readonly gradeName: (grade: string | null) => string
}

export function useCycle(): RunningCycle {
  const fetched = useAnswer<CycleView>(() => '/api/cycle')
  return {
    ...fetched,
    districts: computed(() =>
      (fetched.data.value?.districts ?? []).map(({ district, name }) => ({ value: district, label: name })),
    ),
    districtName: (id) => fetched.data.value?.districts.find(({ district }) => district === id)?.name ?? id,
    gradeName: (grade) =>
      grade === null ? '未达标' : (fetched.data.value?.grades.find((each) => each.grade === grade)?.title ?? grade),
  }
}

const INPUT = { timeZone: 'Asia/Shanghai', hour12: false } as const

/** A moment as a field for date and time holds it, in Shanghai: 2022-08-31T18:00. */
export function toField(iso: string): string {
  return new Date(iso).toLocaleString('sv-SE', INPUT).replace(' ', 'T').slice(0, 16)
}

/** The moment that such a field means. */
export function fromField(text: string): string {
  return `${text}:00+08:00`
}

/** The dates of a cycle, in their order. */
export const DATES = [
  ['submission_opens', '申报开始'],
  ['submission_closes', '申报截止'],
  ['review_opens', '市（区）初评开始'],
  ['hand_in', '推荐名单上报截止'],
  ['visits_open', '现场评估开始'],
  ['visits_close', '现场评估结束'],
] as const
