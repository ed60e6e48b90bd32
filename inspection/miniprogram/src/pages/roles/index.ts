// A person of several roles chooses in which one they go on.

import { toBinding } from '../../lib/pages'
import { call, switchTo } from '../../lib/session'
import type { HoldingView, Me } from '../../lib/types'

Component({
  data: { holdings: [] as readonly HoldingView[], problem: '' },
  methods: {
    onLoad(): void {
      void this.refresh()
    },
    async refresh(): Promise<void> {
      const me = await call<Me>('GET', '/api/me')
      if (me.ok) this.setData({ holdings: me.data.holdings, problem: '' })
      else if (!toBinding(me)) this.setData({ problem: me.message })
    },
    async choose({ currentTarget }: { currentTarget: { dataset: { index: number } } }): Promise<void> {
      const holding = this.data.holdings[currentTarget.dataset.index]
      if (holding === undefined) return
      const answer = await switchTo(holding)
      if (answer.ok) void wx.reLaunch({ url: '/pages/home/index' })
      else if (!toBinding(answer)) this.setData({ problem: answer.message })
    },
  },
})
