/** Every page of the console: its address, what it is called, whose it is, and its component, loaded when it is opened. */

import type { Component } from 'vue'
import type { Me } from '../api/types'

export type Role = Me['holding']['role']

export interface ConsolePage {
  readonly path: string
  readonly title: string
  readonly roles: readonly Role[]
  /** Under which heading of the menu it stands; pages without are opened from others. */
  readonly menu?: string
  readonly component: () => Promise<{ default: Component }>
}

export const PAGES: readonly ConsolePage[] = [
  {
    path: '/schools',
    title: '学校申报',
    roles: ['district', 'city'],
    menu: '初评',
    component: () => import('./pages/Schools.vue'),
  },
  {
    path: '/submission-progress',
    title: '申报进度',
    roles: ['city'],
    menu: '初评',
    component: () => import('./pages/SubmissionProgress.vue'),
  },
  {
    path: '/submissions/:id',
    title: '初评',
    roles: ['district', 'city'],
    component: () => import('./pages/Submission.vue'),
  },
  {
    path: '/plan',
    title: '评估安排',
    roles: ['city'],
    menu: '终评',
    component: () => import('./pages/Plan.vue'),
  },
  {
    path: '/visits',
    title: '现场评估',
    roles: ['city'],
    menu: '终评',
    component: () => import('./pages/Visits.vue'),
  },
  { path: '/visits/:id', title: '现场评估', roles: ['city'], component: () => import('./pages/Visit.vue') },
  {
    path: '/discrepancies',
    title: '差异处理',
    roles: ['city'],
    menu: '终评',
    component: () => import('./pages/Discrepancies.vue'),
  },
  {
    path: '/recommendation-lists',
    title: '推荐名单',
    roles: ['district', 'city'],
    menu: '初评',
    component: () => import('./pages/RecommendationLists.vue'),
  },
  {
    path: '/recommendation-lists/:district',
    title: '推荐名单',
    roles: ['district', 'city'],
    component: () => import('./pages/RecommendationList.vue'),
  },
  {
    path: '/decisions',
    title: '等级认定',
    roles: ['city'],
    menu: '认定与公布',
    component: () => import('./pages/Decisions.vue'),
  },
  {
    path: '/publication',
    title: '公示与公布',
    roles: ['city'],
    menu: '认定与公布',
    component: () => import('./pages/Publication.vue'),
  },
  {
    path: '/outbox',
    title: '消息投递',
    roles: ['city'],
    menu: '认定与公布',
    component: () => import('./pages/Outbox.vue'),
  },
  {
    path: '/statistics',
    title: '统计',
    roles: ['city'],
    menu: '统计',
    component: () => import('./pages/Statistics.vue'),
  },
  {
    path: '/photo-flags',
    title: '待核照片',
    roles: ['city'],
    menu: '统计',
    component: () => import('./pages/PhotoFlags.vue'),
  },
  {
    path: '/cycle',
    title: '周期与日程',
    roles: ['district', 'city'],
    menu: '周期',
    component: () => import('./pages/Cycle.vue'),
  },
  {
    path: '/imports',
    title: '导入',
    roles: ['city'],
    menu: '周期',
    component: () => import('./pages/Imports.vue'),
  },
  {
    path: '/rubric',
    title: '细则改动',
    roles: ['city'],
    menu: '周期',
    component: () => import('./pages/RubricChanges.vue'),
  },
  {
    path: '/people',
    title: '人员',
    roles: ['district', 'city', 'admin'],
    menu: '人员与记录',
    component: () => import('./pages/People.vue'),
  },
  {
    path: '/people/:id',
    title: '人员',
    roles: ['district', 'city', 'admin'],
    component: () => import('./pages/Person.vue'),
  },
  {
    path: '/invitations',
    title: '邀请码',
    roles: ['city', 'admin'],
    menu: '人员与记录',
    component: () => import('./pages/Invitations.vue'),
  },
  {
    path: '/audit',
    title: '操作记录',
    roles: ['city', 'admin'],
    menu: '人员与记录',
    component: () => import('./pages/Audit.vue'),
  },
]

export const HOME: Readonly<Partial<Record<Role, string>>> = {
  district: '/schools',
  city: '/schools',
  admin: '/people',
}

/** Who works here. Others have pages of their own. */
export function worksHere(role: Role): boolean {
  return role === 'district' || role === 'city' || role === 'admin'
}

/** The headings of a role's menu, each with its pages, in the order of the list. */
export function menuOf(role: Role): Map<string, ConsolePage[]> {
  const menu = new Map<string, ConsolePage[]>()
  for (const page of PAGES) {
    if (page.menu === undefined || !page.roles.includes(role)) continue
    menu.set(page.menu, [...(menu.get(page.menu) ?? []), page])
  }
  return menu
}
