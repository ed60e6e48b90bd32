// Where everybody comes in: who one is, what there is to do, what came while one was away.

import { ask, offer, report, type Offer } from '../../lib/accepts'
import { lastKnown, newest } from '../../lib/inbox'
import { unwatch, watch } from '../../lib/network'
import { hasPhonePages, openGuide, toBinding, webPage } from '../../lib/pages'
import type { Failure } from '../../lib/request'
import { call, remembered } from '../../lib/session'
import type { Me, SubmissionSummary } from '../../lib/types'

interface Work {
  readonly title: string
  readonly text: string
  readonly state: string | null
}

const DESK: Work = {
  title: '',
  text: '您的工作在电脑上进行，请在电脑的浏览器里登录智评；消息在这里也能看到',
  state: null,
}
const INSPECTING: Work = { title: '进入现场评估', text: '打开一次后，没有网络也能评分', state: null }

Component({
  data: {
    me: null as Me | null,
    work: null as Work | null,
    unread: 0,
    offer: null as Offer | null,
    said: '',
    problem: '',
  },
  lifetimes: {
    attached(): void {
      watch(this, () => {
        if (this.data.problem) void this.refresh()
      })
    },
    detached(): void {
      unwatch(this)
    },
  },
  methods: {
    onShow(): void {
      void this.refresh()
    },
    onPullDownRefresh(): void {
      void this.refresh().then(() => {
        void wx.stopPullDownRefresh()
      })
    },
    async refresh(): Promise<void> {
      this.setData({ me: remembered()?.me ?? null, unread: lastKnown().unread })
      const me = await call<Me>('GET', '/api/me')
      if (!me.ok) {
        this.fail(me)
        return
      }
      const [inbox, work, quotas] = await Promise.all([newest(), workOf(me.data), report()])
      const unread = inbox.ok ? inbox.data.unread : lastKnown().unread
      const offered = offer(me.data.holding.role, work.state, quotas ?? [], Date.now())
      this.setData({ me: me.data, work, unread, offer: offered, problem: inbox.ok ? '' : inbox.message })
    },
    fail(failure: Failure): void {
      if (!toBinding(failure)) this.setData({ problem: failure.message })
    },
    // Nothing is awaited before `ask`: WeChat opens its dialog only straight from a tap.
    async subscribe(): Promise<void> {
      if (this.data.offer === null) return
      const said = await ask(this.data.offer.templates)
      this.setData({ said, offer: null })
      await report()
    },
    later(): void {
      this.setData({ offer: null })
    },
    openWork(): void {
      void wx.navigateTo({ url: webPage('/') })
    },
    openInbox(): void {
      void wx.navigateTo({ url: '/pages/inbox/index' })
    },
    openRoles(): void {
      void wx.navigateTo({ url: '/pages/roles/index' })
    },
    openGuide(): void {
      openGuide()
    },
  },
})

async function workOf({ holding }: Me): Promise<Work> {
  if (!hasPhonePages(holding.role)) return DESK
  if (holding.role === 'inspector') return INSPECTING
  const answer = await call<{ items: SubmissionSummary[] }>('GET', '/api/submissions')
  const submission = answer.ok ? answer.data.items[0] : undefined
  if (submission === undefined) return { title: '打开申报', text: '填写申报表和自评，查看评估结果', state: null }
  const { school, state, state_name, answered } = submission
  const progress = state === 'draft' ? `，已答 ${String(answered)} 项` : ''
  return { title: state === 'draft' ? '继续填写' : '查看申报', text: `${school.name}：${state_name}${progress}`, state }
}
