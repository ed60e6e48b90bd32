/** What the schools and districts that roles name are called. */

import { reactive } from 'vue'
import type { SchoolView } from '../../api/types'
import { api } from '../api'
import { useCycle } from '../cycle/cycle'
import { ROLES, type AddedHolding } from './people'

/** What schools are called. Each is asked for once, as it is first told. */
export function useSchoolName(): (id: string) => string {
  const schools = reactive(new Map<string, string>())
  return (id) => {
    const known = schools.get(id)
    if (known !== undefined) return known
    schools.set(id, '…')
    void api.get<SchoolView>(`/api/schools/${id}`).then((answer) => {
      schools.set(id, answer.ok ? answer.data.name : '学校已不在册')
    })
    return '…'
  }
}

/** Tells roles in words: 学校联系人（海陵小学）. */
export function useHoldingText(): (holding: AddedHolding) => string {
  const { districtName } = useCycle()
  const schoolName = useSchoolName()
  return ({ role, school_id, district }) => {
    const where = school_id ? schoolName(school_id) : district ? districtName(district) : ''
    return where ? `${ROLES[role]}（${where}）` : ROLES[role]
  }
}
