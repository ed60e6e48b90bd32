/** Words of people and their roles. */

import type { PersonView } from '../../api/types'
import type { Role } from '../pages'

export type HoldingView = PersonView['holdings'][number]

/** A role as it is given. */
export type AddedHolding = Pick<HoldingView, 'role' | 'school_id' | 'district'>

export const ROLES: Readonly<Record<Role, string>> = {
  school: '学校联系人',
  inspector: '市级评估专家',
  district: '市（区）教育局',
  city: '市教育局',
  admin: '系统管理员',
}

/** A role as the service takes it. */
export function bare({ role, school_id, district }: AddedHolding): AddedHolding {
  return { role, school_id, district }
}

export const sameHolding = (one: AddedHolding, other: AddedHolding) =>
  one.role === other.role && one.school_id === other.school_id && one.district === other.district
