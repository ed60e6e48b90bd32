import { expect, test } from 'vitest'
import {
  acceptAtWeChat,
  as,
  browse,
  city,
  deliver,
  messages,
  openWebView,
  phoneCode,
  school,
  submitIn,
  type School,
} from './backend'
import { Phone } from './phone'

const RESULT = 't-result-published-0123456789'
const RETURNED = 't-submission-returned-0123456789'
const TO_ANSWER = 't-discrepancy-to-answer-0123456789'
const PLANNED = 't-visit-planned-0123456789'

async function contactOf({ contact }: School, openid: string): Promise<Phone> {
  const phone = new Phone(openid)
  phone.launch()
  await phone.at('/pages/bind/index')
  await phone.tapPhoneButton(await phoneCode(contact.phone))
  await phone.sees(`${contact.name}，您好`)
  return phone
}

test('from the invitation to the result that is displayed', async () => {
  const made = await school('complete')
  const { scene } = await city.invite(made.contact)
  const phone = new Phone('o-whole')
  phone.launch(`/pages/bind/index?scene=${encodeURIComponent(scene)}`)
  await phone.tap('绑定')
  await phone.sees(`${made.name}：填报中`)
  expect(phone.text).not.toContain('让微信告诉您')
  // The web-view shows the form, which a real browser submits here.
  await phone.tap('继续填写')
  await expect.poll(() => phone.data['url']).toMatch(/\/sign-in#/)
  await submitIn(String(phone.data['url']))
  phone.back()
  await phone.sees(`${made.name}：已提交`)
  // The fourth has to wait for the next tap: WeChat shows three at most.
  await phone.sees('让微信告诉您')
  phone.answers = (template) => {
    void acceptAtWeChat(phone.openid, template)
    return 'accept'
  }
  await phone.tap('让微信告诉我')
  await phone.sees('好的，到时微信会告诉您')
  expect(phone.dialogs).toEqual([[RESULT, RETURNED, TO_ANSWER]])
  await expect.poll(() => phone.storage.get('zhiping.accepts')).toBe('[]')

  await city.decide(made)
  await city.publish()
  // What was published is told of in the background.
  await expect.poll(() => deliver().then(() => messages(phone.openid)), { timeout: 10_000 }).toHaveLength(1)
  const sent = await messages(phone.openid)
  expect(sent.map((each) => each.template_id)).toEqual([RESULT])
  // The message opens its page, where the web-view goes on to the results.
  phone.restart(`/${sent[0]?.page ?? ''}`)
  await expect.poll(() => phone.data['url']).toMatch(/\/sign-in#/)
  const { token, path } = await openWebView(String(phone.data['url']))
  expect(path).toBe('/results')
  const results = (await as(token, '/api/results')) as { items: { title: string; school_name: string }[] }
  expect(results.items).toHaveLength(1)
  await expect(openWebView(String(phone.data['url']))).rejects.toThrow('401')

  phone.launch()
  await phone.sees('4 条未读')
  await phone.tap('消息')
  await phone.sees('您离开期间来了 4 条消息')
  await phone.sees(`${made.name}：已达示范型条件，按申报类型认定为优秀型`)
  await phone.tap('评估结果已公布')
  await phone.at('/pages/web/index')
  await expect.poll(() => phone.data['url']).toMatch(/#[^/]+\/results$/)
  // The same page in a real browser, signed in by its ticket: the published result.
  const shown = await browse(String(phone.data['url']), '总分')
  expect(shown.path).toBe('/s/results')
  expect(shown.text).toContain(made.name)
  expect(shown.text).toContain('认定为优秀型')
  phone.back()
  expect(phone.text.match(/●/g)).toHaveLength(3)
  phone.back()
  await phone.sees('3 条未读')
}, 60_000)

test('nothing is asked before handing in; and the fourth template comes with the next tap', async () => {
  const draft = await contactOf(await school('draft'), 'o-draft')
  await draft.sees('继续填写')
  expect(draft.text).not.toContain('让微信告诉您')
  const phone = await contactOf(await school('submitted'), 'o-submitted')
  await phone.tap('让微信告诉我')
  await expect.poll(() => phone.storage.get('zhiping.accepts')).toBe('[]')
  phone.show()
  await phone.sees('让微信告诉您')
  await phone.tap('让微信告诉我')
  await expect.poll(() => phone.dialogs).toEqual([[RESULT, RETURNED, TO_ANSWER], [PLANNED]])
})

test('whoever refuses is left in peace, and asked once more a week later', async () => {
  const phone = await contactOf(await school('submitted'), 'o-no-thanks')
  phone.answers = () => 'reject'
  await phone.tap('让微信告诉我')
  await phone.sees('没关系，消息都在“消息”里')
  phone.answers = () => 'accept'
  phone.restart()
  await phone.sees('让微信告诉您')
  await phone.tap('让微信告诉我')
  await expect.poll(() => phone.dialogs.at(-1)).toEqual([PLANNED])
  phone.restart()
  await phone.sees('消息')
  await phone.sees('没有未读')
  expect(phone.text).not.toContain('让微信告诉您')
  const refused = JSON.parse(phone.storage.get('zhiping.refused') ?? '{}') as Record<string, number>
  const weekAgo = Object.fromEntries(Object.keys(refused).map((each) => [each, Date.now() - 8 * 24 * 3600 * 1000]))
  phone.storage.set('zhiping.refused', JSON.stringify(weekAgo))
  phone.restart()
  await phone.sees('让微信告诉您')
})

test('messages are switched off in WeChat: it says where to switch them on', async () => {
  const phone = await contactOf(await school('submitted'), 'o-switched-off')
  phone.answers = 20004
  await phone.tap('让微信告诉我')
  await phone.sees('您在微信里关闭了本小程序的消息')
})

test('an accept in a dead spot is reported when there is a network, and once', async () => {
  const phone = await contactOf(await school('submitted'), 'o-dead-spot')
  await phone.sees('让微信告诉我')
  phone.connect(false)
  await phone.tap('让微信告诉我')
  await phone.sees('好的，到时微信会告诉您')
  expect(JSON.parse(phone.storage.get('zhiping.accepts') ?? '[]')).toHaveLength(3)
  phone.connect(true)
  phone.restart()
  await phone.sees('让微信告诉您')
  expect(phone.storage.get('zhiping.accepts')).toBe('[]')
  // What has been accepted is not asked for again.
  await phone.tap('让微信告诉我')
  await expect.poll(() => phone.dialogs.at(-1)).toEqual([PLANNED])
})
