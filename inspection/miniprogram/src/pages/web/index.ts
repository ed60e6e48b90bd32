// The pages for schools and inspectors, in a web-view. It signs in by an address for one use within a minute.

import { unwatch, watch } from '../../lib/network'
import { hasPhonePages, otherRoleFor, pathOf, toBinding } from '../../lib/pages'
import type { Answer } from '../../lib/request'
import { call, remembered, switchTo } from '../../lib/session'
import type { WebViewTicket } from '../../lib/types'

Component({
  data: { url: '', path: '/', problem: '', mayRetry: true },
  lifetimes: {
    attached(): void {
      watch(this, () => {
        if (this.data.problem) void this.enter()
      })
    },
    detached(): void {
      unwatch(this)
    },
  },
  methods: {
    onLoad({ path }: { path?: string }): void {
      this.setData({ path: pathOf(path) })
      void this.enter()
    },
    async enter(): Promise<void> {
      // The page that is open has a session of its own: it is not thrown away for a new one.
      if (this.data.url) return
      let ticket = await newTicket()
      // A message may be for another of the person's roles.
      const me = remembered()?.me
      const other = me ? otherRoleFor(this.data.path, me) : null
      if (ticket.ok && other !== null) {
        const switched = await switchTo(other)
        ticket = switched.ok ? await newTicket() : switched
      }
      if (!ticket.ok) {
        if (!toBinding(ticket)) this.setData({ problem: ticket.message, mayRetry: true })
        return
      }
      const role = remembered()?.me.holding.role
      if (role !== undefined && !hasPhonePages(role)) {
        this.setData({ problem: '这一页要在电脑上看：请在电脑的浏览器里登录智评', mayRetry: false })
        return
      }
      // What stands behind the # is sent to no server: first the ticket, then the page to go on to.
      this.setData({ url: ticket.data.url + this.data.path, problem: '' })
    },
    broken(): void {
      this.setData({ url: '', problem: '网页没有打开，请检查网络后点“重试”', mayRetry: true })
    },
  },
})

function newTicket(): Promise<Answer<WebViewTicket>> {
  return call('POST', '/api/wechat/web-view-tickets')
}
