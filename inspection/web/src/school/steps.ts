/** Where the submission is on its way, and what is to be done next. */

import type { SubmissionView } from '../api/types'
import type { Form } from './form'
import { missingOf } from './form'

export const STEPS = ['填报', '初评', '现场评估', '认定', '公布'] as const

/** Which of the steps a state is at; the others before it are behind. */
const AT: Readonly<Record<string, number>> = {
  draft: 0,
  returned: 0,
  submitted: 1,
  declined: 1,
  endorsed: 2,
  visiting: 2,
  scored: 3,
  decided: 3,
  published: 5,
  withdrawn: 0,
}

/** The step that a submission is at; 5 once all are behind. */
export function stepOf(state: string): number {
  return AT[state] ?? 0
}

/** What happens in a state where the school has nothing to do. */
const WAITING: Readonly<Record<string, string>> = {
  submitted: '材料已提交，市（区）教育局正在初评。结果会发到“消息”里。',
  endorsed: '已通过市（区）初评，列入推荐名单，等待市级现场评估。',
  declined: '没有被推荐参加市级评估验收。',
  visiting: '市级专家正在现场评估。',
  scored: '现场评估已结束，等待市教育局认定。',
  decided: '市教育局已认定，等待公布。',
  withdrawn: '申报已撤回。',
}

/** The next thing to do: a sentence, and the page and words of its button. */
export interface Next {
  readonly text: string
  readonly to: string | null
  readonly action: string
}

/** What the school does next. */
export function nextOf(form: Form): Next {
  const { state } = form.view
  if (state === 'published') return { text: '评估结果已公布。', to: '/results', action: '查看结果' }
  if (state !== 'draft' && state !== 'returned') return { text: WAITING[state] ?? '', to: null, action: '' }
  if (!form.editable) return { text: form.closed, to: null, action: '' }
  if (state === 'returned')
    return { text: '材料被退回，请按意见修改后重新提交。', to: '/remarks', action: '看退回意见' }
  if (!applicationDone(form))
    return { text: '先填申报表（附件2）：学校情况和数据。', to: '/application', action: '填申报表' }
  const left = itemsLeft(form)
  if (left) return { text: `自评还有 ${left} 项没有填完。`, to: '/assessment', action: '接着填自评' }
  return { text: '都填好了，核对一遍再提交。', to: '/check', action: '核对并提交' }
}

/** The fields of the application (附件2), by their names in the API. */
export function applicationFields(form: Form): string[] {
  const plain = ['applied', 'school_phone', 'responsible/name', 'responsible/phone', 'contact/name', 'contact/phone']
  const stages = form.view.school.stages.flatMap((stage) =>
    ['classes', 'students', 'student_devices'].map((figure) => `stages/${stage}/${figure}`),
  )
  return [...plain, ...stages, 'teachers', 'teacher_computers', 'highlights'].map((name) => `/application/${name}`)
}

/** Whether every field of the application has a value. */
export function applicationDone(form: Form): boolean {
  return applicationFields(form).every((name) => form.value(name) !== null)
}

/** How many items have still something to be said of. */
export function itemsLeft(form: Form): number {
  return [...form.rubric.items.values()].filter((item) => missingOf(form, item)).length
}

/** The page, and the place on it, that a pointer of the API leads to ("/items/1.1.1/points"). */
export function placeOf(path: string): string {
  const [, part = '', name = ''] = path.split('/')
  if (part === 'items') return `/assessment/${indicatorOf(name)}#item-${name}`
  if (part === 'indicators') return `/assessment/${name}#note`
  if (part === 'scans') return '/print'
  return part === 'application' ? `/application#${fieldId(path)}` : '/check'
}

/** The indicator of an item: 1.1.1 → 1.1. */
export function indicatorOf(item: string): string {
  return item.split('.').slice(0, 2).join('.')
}

/** The id of the element in which a field is typed. */
export function fieldId(name: string): string {
  return name.slice(1).replaceAll('/', '-')
}

/** What the last return said of items, while it is being answered. */
export function remarksOf(view: SubmissionView): Readonly<Record<string, string>> {
  return view.state === 'returned' ? (lastReturn(view)?.remarks ?? {}) : {}
}

/** The last time that the submission was returned. */
export function lastReturn(view: SubmissionView): SubmissionView['history'][number] | undefined {
  return view.history.findLast((step) => step.event === 'returned')
}
