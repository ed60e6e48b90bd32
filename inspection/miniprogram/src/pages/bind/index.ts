// Where a WeChat user becomes a person: by the code of an invitation, typed or scanned, or by the phone number.

import { invitationOf, toBinding } from '../../lib/pages'
import type { Answer } from '../../lib/request'
import { bind, signIn, type Proof } from '../../lib/session'
import type { Me } from '../../lib/types'

interface PhoneAnswer {
  readonly detail: { readonly code?: string; readonly errMsg: string; readonly errno?: number }
}

Component({
  data: { code: '', busy: false, known: '', problem: '', mayRetry: false },
  methods: {
    onLoad({ scene }: { scene?: string }): void {
      this.setData({ code: invitationOf(scene) })
      void this.look()
    },
    // Whoever is bound already has nothing to do here.
    async look(): Promise<void> {
      const state = await signIn()
      if (state.kind === 'signed_in') this.setData({ known: state.me.name, problem: '', mayRetry: false })
      else if (state.kind === 'failed') this.setData({ problem: state.failure.message, mayRetry: true })
      else this.setData({ problem: '', mayRetry: false })
    },
    typed({ detail }: { detail: { value: string } }): void {
      this.setData({ code: detail.value })
    },
    scan(): void {
      wx.scanCode({
        success: ({ path }) => {
          const code = invitationOf(/[?&]scene=([^&]*)/.exec(path)?.[1])
          if (code) this.setData({ code, problem: '' })
          else this.setData({ problem: '这不是智评的邀请码，请扫描邀请单上的小程序码，或手工输入', mayRetry: false })
        },
      })
    },
    byCode(): void {
      const invitation = this.data.code.trim()
      if (invitation) void this.prove({ invitation })
      else this.setData({ problem: '请先输入邀请码，它在邀请单上，共 8 位', mayRetry: false })
    },
    byPhone({ detail }: PhoneAnswer): void {
      if (detail.code) void this.prove({ phone_code: detail.code })
      else this.setData({ problem: whyNoPhone(detail), mayRetry: false })
    },
    async prove(proof: Proof): Promise<void> {
      if (this.data.busy) return
      this.setData({ busy: true, problem: '' })
      const answer: Answer<Me> = await bind(proof)
      this.setData({ busy: false })
      if (answer.ok) goOn(answer.data)
      else if (!toBinding(answer)) this.setData({ problem: answer.message, mayRetry: false })
    },
    goHome(): void {
      void wx.reLaunch({ url: '/pages/home/index' })
    },
  },
})

function goOn(me: Me): void {
  void wx.reLaunch({ url: me.holdings.length > 1 ? '/pages/roles/index' : '/pages/home/index' })
}

/** What WeChat says instead of a code, as the person's next step. */
function whyNoPhone({ errMsg, errno }: PhoneAnswer['detail']): string {
  if (errno === 104 || /privacy/.test(errMsg))
    return '没有同意隐私保护指引，微信不提供手机号。可以改用邀请码，或再点一次并同意'
  if (errno === 112) return '小程序还没有声明使用手机号，请改用邀请码，并告诉市教育局'
  if (errno === 1400001) return '微信验证手机号的次数用完了，请改用邀请码，并告诉市教育局'
  if (/deny|cancel/.test(errMsg)) return '没有允许使用手机号。可以改用邀请码，或再点一次并允许'
  return '微信没有提供手机号，请稍后再试，或改用邀请码'
}
