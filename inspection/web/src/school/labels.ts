/** What the fields of the form are called, by their names in the API. */

import { STAGES } from '../shared/words'

const APPLICATION: Readonly<Record<string, string>> = {
  applied: '申报类型',
  school_phone: '学校联系电话',
  'responsible/name': '负责人',
  'responsible/phone': '负责人联系电话',
  'contact/name': '联系人',
  'contact/phone': '联系人电话',
  teachers: '教师数',
  teacher_computers: '教师用计算机数',
  highlights: '亮点特色',
}
const OF_STAGE: Readonly<Record<string, string>> = {
  classes: '班级数',
  students: '学生人数',
  student_devices: '学生用终端数',
}
const OF_ITEM: Readonly<Record<string, string>> = { points: '自评得分', note: '说明', evidence: '佐证' }

/** "/application/stages/primary/students" → 小学学生人数; "/items/1.1.1/note" → 1.1.1 说明. */
export function labelOf(name: string): string {
  const [, part = '', first = '', second = '', third = ''] = name.split('/')
  if (part === 'scans') return '盖章扫描件'
  if (part === 'indicators') return `${first} 备注`
  if (part === 'items') return `${first} ${OF_ITEM[second] ?? '要求'}`
  if (first === 'stages') return `${STAGES[second] ?? second}${OF_STAGE[third] ?? third}`
  return APPLICATION[[first, second].filter(Boolean).join('/')] ?? name
}
