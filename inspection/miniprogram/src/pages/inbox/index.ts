// What the person was told, newest first; also what was seen last, where there is no network now.

import { cameWhileAway, lastKnown, markRead, more, newest, shown } from '../../lib/inbox'
import { unwatch, watch } from '../../lib/network'
import { toBinding, webPage } from '../../lib/pages'
import type { InboxMessage } from '../../lib/types'

interface Line {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly at: string
  readonly link: string | null
  readonly unread: boolean
}

Component({
  data: { lines: [] as Line[], loaded: false, away: 0, cursor: null as string | null, problem: '' },
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
    onLoad(): void {
      this.setData({ lines: lastKnown().items.map(lineOf) })
      void this.refresh()
    },
    onPullDownRefresh(): void {
      void this.refresh().then(() => {
        void wx.stopPullDownRefresh()
      })
    },
    onReachBottom(): void {
      void this.loadMore()
    },
    async refresh(): Promise<void> {
      const answer = await newest()
      if (answer.ok) {
        const { items } = answer.data
        const away = cameWhileAway(items)
        this.setData({ lines: items.map(lineOf), cursor: answer.data.next_cursor, away, loaded: true, problem: '' })
      } else if (!toBinding(answer)) this.setData({ problem: answer.message })
    },
    async loadMore(): Promise<void> {
      const { cursor } = this.data
      if (cursor === null) return
      this.setData({ cursor: null })
      const answer = await more(cursor)
      if (answer.ok) {
        const lines = [...this.data.lines, ...answer.data.items.map(lineOf)]
        this.setData({ lines, cursor: answer.data.next_cursor })
      } else this.setData({ cursor, problem: answer.message })
    },
    open({ currentTarget }: { currentTarget: { dataset: { index: number } } }): void {
      const { index } = currentTarget.dataset
      const line = this.data.lines[index]
      if (line === undefined) return
      if (line.unread) void markRead(line.id)
      this.setData({ [`lines[${String(index)}].unread`]: false })
      if (line.link !== null) void wx.navigateTo({ url: webPage(line.link) })
    },
  },
})

function lineOf({ id, title, text, at, link, read_at }: InboxMessage): Line {
  return { id, title, text, at: shown(at), link, unread: read_at === null }
}
