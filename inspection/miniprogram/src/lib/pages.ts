/** Ways between the pages. */

import type { Failure } from './request'
import type { Holding, HoldingView, Me } from './types'

/** Roles that work on a phone; the others have a desk. */
export function hasPhonePages(role: Holding['role']): boolean {
  return role === 'school' || role === 'inspector'
}

/** The page that shows a page of the service ("/submissions/…") in a web-view. */
export function webPage(path: string): string {
  return `/pages/web/index?path=${encodeURIComponent(path)}`
}

/** The path in a page's options, where it is one of the service's. */
export function pathOf(option: string | undefined): string {
  const path = decodeURIComponent(option ?? '')
  return /^\/[\w/-]*$/.test(path) ? path : '/'
}

/** The other role of the person that a page is for; null where they are in the right one, or it can't be told. */
export function otherRoleFor(path: string, { holding, holdings }: Me): HoldingView | null {
  const roles = /^\/(results|submissions)/.test(path)
    ? ['school']
    : path.startsWith('/visits')
      ? ['inspector', 'school']
      : []
  if (roles.length === 0 || roles.includes(holding.role)) return null
  const fitting = holdings.filter((each) => roles.includes(each.role))
  return fitting.length === 1 ? (fitting[0] ?? null) : null
}

/** The code that a mini-program code (小程序码) carries as `i=CODE`; '' where it carries none. */
export function invitationOf(scene: string | undefined): string {
  return /^i=(.+)$/.exec(decodeURIComponent(scene ?? ''))?.[1] ?? ''
}

/** Whether the failure can only be helped by binding; goes there if so. */
export function toBinding({ code }: Failure): boolean {
  if (code !== 'unbound') return false
  void wx.reLaunch({ url: '/pages/bind/index' })
  return true
}

/** The privacy guide, as the administrator filled it in at WeChat. */
export function openGuide(): void {
  wx.openPrivacyContract({
    fail: () => {
      void wx.showToast({ title: '暂时打不开，请稍后再试', icon: 'none' })
    },
  })
}
