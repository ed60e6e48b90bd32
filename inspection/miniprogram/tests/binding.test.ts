import { expect, test } from 'vitest'
import { advance, city, person, phoneCode, rule } from './backend'
import { Phone } from './phone'

const FORTNIGHT = 14 * 24 * 3600

async function unbound(openid: string): Promise<Phone> {
  const phone = new Phone(openid)
  phone.launch()
  await phone.at('/pages/bind/index')
  return phone
}

test('a code that was typed binds, and the next start signs in by itself', async () => {
  const contact = await person('school')
  const { code } = await city.invite(contact)
  const phone = await unbound('o-typed')
  phone.type(` ${code.toLowerCase()} `)
  await phone.tap('绑定')
  await phone.at('/pages/home/index')
  await phone.sees(`${contact.name}，您好`)
  await phone.sees('学校联系人')
  phone.restart()
  await phone.sees(`${contact.name}，您好`)
})

test('a code in a mini-program code fills itself in', async () => {
  const inspector = await person('inspector')
  const { scene } = await city.invite(inspector)
  const phone = new Phone('o-scanned')
  // WeChat leaves the scene encoded.
  phone.launch(`/pages/bind/index?scene=${encodeURIComponent(scene)}`)
  await phone.tap('绑定')
  await phone.sees('市级评估专家')
})

test('the mini-program code on the sheet is scanned from the page too; another one is told apart', async () => {
  const inspector = await person('inspector')
  const { scene } = await city.invite(inspector)
  const phone = await unbound('o-camera')
  phone.scanned = 'pages/else/index?scene=x'
  await phone.tap('扫描邀请单上的小程序码')
  await phone.sees('这不是智评的邀请码')
  phone.scanned = `pages/bind/index?scene=${encodeURIComponent(scene)}`
  await phone.tap('扫描邀请单上的小程序码')
  expect(phone.text).not.toContain('这不是智评的邀请码')
  await phone.tap('绑定')
  await phone.sees(inspector.name)
})

test('the phone number that WeChat verified binds, after consent to the privacy guide', async () => {
  const contact = await person('school')
  const phone = await unbound('o-by-phone')
  phone.consent = false
  const tapped = phone.tapPhoneButton(await phoneCode(contact.phone))
  await phone.sees('使用手机号之前')
  await phone.sees('《智评用户隐私保护指引》')
  await phone.tap('《智评用户隐私保护指引》')
  expect(phone.toasts).toEqual(['暂时打不开，请稍后再试'])
  phone.tapAgree()
  await tapped
  await phone.sees(`${contact.name}，您好`)
})

test('whoever refuses the privacy guide, or the number, is told the other way', async () => {
  const contact = await person('school')
  const phone = await unbound('o-refusing')
  phone.consent = false
  const refused = phone.tapPhoneButton(await phoneCode(contact.phone))
  await phone.sees('不同意')
  await phone.tap('不同意')
  await refused
  await phone.sees('没有同意隐私保护指引，微信不提供手机号。可以改用邀请码')
  expect(phone.text).not.toContain('使用手机号之前')
  phone.consent = true
  await phone.tapPhoneButton(null)
  await phone.sees('没有允许使用手机号。可以改用邀请码')
  await phone.tapPhoneButton(null, { errno: 112 })
  await phone.sees('小程序还没有声明使用手机号')
  await phone.tapPhoneButton(null, { errno: 1400001 })
  await phone.sees('次数用完了')
  // The code still helps.
  phone.type((await city.invite(contact)).code)
  await phone.tap('绑定')
  await phone.sees(`${contact.name}，您好`)
})

test('a number that nobody registered says whom to ask', async () => {
  const phone = await unbound('o-stranger')
  await phone.tapPhoneButton(await phoneCode('13011112222'))
  await phone.sees('这个手机号没有登记，请改用邀请码绑定')
})

test('a code that is wrong, used, revoked or expired is refused in words', async () => {
  const contact = await person('school')
  const phone = await unbound('o-codes')
  await phone.tap('绑定')
  await phone.sees('请先输入邀请码')
  const refused = async (code: string): Promise<void> => {
    phone.type(code)
    await phone.tap('绑定')
    await phone.sees('邀请码不对、已用过或已过期')
  }
  await refused('ACDEFHJK')
  const revoked = await city.invite(contact)
  await city.revoke(contact, revoked)
  await refused(revoked.code)
  const expired = await city.invite(contact)
  await advance(FORTNIGHT)
  await refused(expired.code)
  const { code } = await city.invite(contact)
  const other = await unbound('o-first')
  other.type(code)
  await other.tap('绑定')
  await other.sees(`${contact.name}，您好`)
  const late = await unbound('o-second')
  late.type(code)
  await late.tap('绑定')
  await late.sees('邀请码不对、已用过或已过期')
})

test('guessing is slowed, and the page says for how long', async () => {
  const phone = await unbound('o-guessing')
  for (let guess = 0; guess <= 10; guess++) {
    phone.type('ACDEFHJK')
    await phone.tap('绑定')
    await phone.sees(guess < 10 ? '邀请码不对' : /约 15 分钟后再试/)
  }
  await advance(15 * 60)
})

test('a ticket that ran out while somebody looked for the code is replaced without a word', async () => {
  const contact = await person('school')
  const { code } = await city.invite(contact)
  const phone = await unbound('o-slow')
  await advance(11 * 60)
  phone.type(code)
  await phone.tap('绑定')
  await phone.sees(`${contact.name}，您好`)
})

test('a second code for somebody who is bound changes nothing', async () => {
  const contact = await person('school')
  const phone = await unbound('o-bound')
  phone.type((await city.invite(contact)).code)
  await phone.tap('绑定')
  await phone.sees(`${contact.name}，您好`)
  const other = await city.invite(await person('inspector'))
  phone.launch(`/pages/bind/index?scene=${encodeURIComponent(other.scene)}`)
  await phone.sees(`您的微信已绑定${contact.name}，不用再绑定`)
  await phone.tap('进入智评')
  await phone.at('/pages/home/index')
})

test('WeChat is busy, or blocks the user: it says so', async () => {
  await rule('login', 45011)
  const phone = new Phone('o-busy')
  phone.launch()
  await phone.sees('操作太频繁，请一分钟后再试')
  await phone.tap('重试')
  // Home and the binding page both sign in.
  await expect.poll(() => phone.requests.join()).toBe(Array(3).fill('POST /api/wechat/sessions').join())
  await expect.poll(() => phone.waiting).toBe(0)
  await phone.sees('用邀请码绑定')
  await rule('login', 40226)
  phone.restart()
  await phone.sees('请换一个微信，或联系市教育局')
})

test('the binding page has no network: it says so, and goes on when there is one', async () => {
  const phone = new Phone('o-basement')
  phone.connect(false)
  phone.launch('/pages/bind/index')
  await phone.sees('请检查网络')
  phone.connect(true)
  await phone.tap('重试')
  await expect.poll(() => phone.text).not.toContain('请检查网络')
})
