// WeChat's consent to the privacy guide (用户隐私保护指引), as it demands since October 2023: whoever calls something
// that touches personal data waits until the person has tapped on "同意" here, or has refused.

import { openGuide } from '../../lib/pages'

type Resolve = (option: WechatMiniprogram.IAnyObject) => void

// WeChat checks that the button with this id was tapped.
const BUTTON = 'privacy-agree'
const GUIDE = '《用户隐私保护指引》'
// What waits for the person's choice; several may at once.
const waiting: Resolve[] = []

Component({
  data: { shown: false, guide: GUIDE },
  lifetimes: {
    attached(): void {
      // Before 2.32.3 there is no such thing, and nothing waits for it.
      if (!wx.canIUse('onNeedPrivacyAuthorization')) return
      wx.onNeedPrivacyAuthorization((given) => {
        // The types call it a result, the documentation a function of a choice, which it is.
        const resolve = given as unknown as Resolve
        waiting.push(resolve)
        this.setData({ shown: true })
        resolve({ event: 'exposureAuthorization' })
      })
      wx.getPrivacySetting({
        success: ({ privacyContractName }) => {
          this.setData({ guide: privacyContractName || GUIDE })
        },
      })
    },
    detached(): void {
      this.settle({ event: 'disagree' })
    },
  },
  methods: {
    read(): void {
      openGuide()
    },
    agree(): void {
      this.settle({ event: 'agree', buttonId: BUTTON })
    },
    refuse(): void {
      this.settle({ event: 'disagree' })
    },
    settle(choice: WechatMiniprogram.IAnyObject): void {
      for (const resolve of waiting.splice(0)) resolve(choice)
      this.setData({ shown: false })
    },
  },
})
