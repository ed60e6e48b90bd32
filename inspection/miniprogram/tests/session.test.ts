import { expect, test } from 'vitest'
import { advance, as, city, openWebView, person, phoneCode, tell, type Person } from './backend'
import { Phone } from './phone'

async function signedIn(openid: string, who: Person): Promise<Phone> {
  const phone = new Phone(openid)
  phone.launch()
  await phone.at('/pages/bind/index')
  await phone.tapPhoneButton(await phoneCode(who.phone))
  await expect.poll(() => phone.path).not.toBe('/pages/bind/index')
  return phone
}

test('a person of two roles chooses, and stays in the role', async () => {
  const both = await person('school', 'inspector')
  const phone = await signedIn('o-both', both)
  await phone.at('/pages/roles/index')
  await phone.sees('您有几种身份')
  await phone.tap('市级评估专家')
  await phone.at('/pages/home/index')
  await phone.sees('进入现场评估')
  // The session ends; the role is asked for again.
  await advance(8 * 24 * 3600)
  phone.restart()
  await phone.sees('进入现场评估')
  await phone.tap('切换身份')
  await phone.sees('学校联系人')
  await phone.tap('学校联系人')
  await phone.sees('打开申报')
})

test('a message for another role is opened in that role', async () => {
  const both = await person('school', 'inspector')
  const phone = await signedIn('o-other-role', both)
  await phone.tap('市级评估专家')
  await phone.sees('进入现场评估')
  const opened = async (link: string): Promise<unknown> => {
    phone.launch(`/pages/web/index?path=${encodeURIComponent(link)}`)
    await expect.poll(() => phone.data['url']).toMatch(/\/sign-in#/)
    const me = (await as((await openWebView(String(phone.data['url']))).token, '/api/me')) as {
      holding: { role: string }
    }
    return me.holding.role
  }
  expect(await opened('/visits/x')).toBe('inspector')
  expect(await opened('/results')).toBe('school')
  expect(await opened('/visits/x')).toBe('school')
})

test('a session that has ended is opened anew without a word', async () => {
  const phone = await signedIn('o-ended', await person('inspector'))
  await phone.sees('进入现场评估')
  await advance(8 * 24 * 3600)
  phone.requests.length = 0
  await phone.tap('进入现场评估')
  await expect.poll(() => phone.data['url']).toMatch(/\/sign-in#/)
  expect(phone.requests).toEqual([
    'POST /api/wechat/web-view-tickets',
    'POST /api/wechat/sessions',
    'POST /api/wechat/web-view-tickets',
  ])
})

test('an officer unbinds: the phone knows nothing of the person any more', async () => {
  const contact = await person('school')
  await tell(contact.id, 1)
  const phone = await signedIn('o-lost', contact)
  await phone.sees('1 条未读')
  await phone.tap('消息')
  await phone.sees('第 1 件事')
  await city.unbind(contact)
  phone.back()
  await phone.at('/pages/bind/index')
  await phone.sees('用邀请码绑定')
  expect([...phone.storage.values()].join()).not.toContain(contact.name)
  expect([...phone.storage.values()].join()).not.toContain('第 1 件事')
})

test('without a network the phone shows what it knows and goes on by itself', async () => {
  const inspector = await person('inspector')
  await tell(inspector.id, 2)
  const phone = await signedIn('o-offline', inspector)
  await phone.sees('2 条未读')
  await phone.tap('消息')
  await phone.sees('第 2 件事')
  phone.connect(false)
  phone.restart()
  await phone.sees('现在连不上网络')
  await phone.sees(`${inspector.name}，您好`)
  await phone.tap('消息')
  await phone.sees('现在连不上网络')
  await phone.sees('第 2 件事')
  phone.back()
  phone.connect(true)
  await expect.poll(() => phone.text).not.toContain('现在连不上网络')
  phone.connect(false)
  await phone.tap('进入现场评估')
  await phone.sees('现在连不上网络')
  phone.connect(true)
  await expect.poll(() => phone.data['url']).toMatch(/\/sign-in#/)
})

test('an officer at a desk sees messages here, and where the work is', async () => {
  const officer = await person('district')
  const phone = await signedIn('o-officer', officer)
  await phone.sees('您的工作在电脑上进行')
  phone.launch('/pages/web/index?path=%2Frecommendation-lists%2Fhailing')
  await phone.sees('请在电脑的浏览器里登录智评')
})

test('a long inbox comes page by page, and tells what came while one was away', async () => {
  const contact = await person('school')
  await tell(contact.id, 60)
  const phone = await signedIn('o-inbox', contact)
  await phone.tap('消息')
  await phone.sees('您离开期间来了 50 条消息')
  expect(phone.text).not.toContain('第 5 件事')
  phone.reachBottom()
  await phone.sees('第 5 件事')
  phone.reachBottom()
  await tell(contact.id, 1)
  phone.restart('/pages/inbox/index')
  await phone.sees('您离开期间来了 1 条消息')
})
