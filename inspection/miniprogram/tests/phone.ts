/**
 * A phone with WeChat on it: what `wx` does as its documentation says, around the pages as they are compiled. Requests
 * reach the real service, codes come from the stub of WeChat.
 */

import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import simulate from 'miniprogram-simulate'
import { afterEach, expect, vi } from 'vitest'
import { BUILT } from './compile'
import { loginCode, SERVICE } from './backend'

const require = createRequire(import.meta.url)
const exparser = require(require.resolve('miniprogram-exparser', { paths: [require.resolve('j-component')] })) as {
  Event: {
    create(name: string, detail: object, options: object): object
    dispatchEvent(at: object, event: object): void
  }
}

type Wx = WechatMiniprogram.Wx
type Options = Record<string, string>
type Resolve = (choice: { event: string; buttonId?: string }) => void
type Choice = 'accept' | 'reject' | 'ban' | 'filter'

/** What a page may have beside its data. */
interface Instance {
  onLoad?(options: Options): void
  onShow?(): void
  onPullDownRefresh?(): void
  onReachBottom?(): void
}

interface Screen {
  readonly path: string
  readonly page: ReturnType<typeof simulate.render>
  readonly place: HTMLElement
}

const NO_NETWORK = { errMsg: 'request:fail', errno: 600001 } as WechatMiniprogram.RequestFailCallbackErr

let last: Phone | null = null

// Pages that still wait for answers would go on in the next test, on its phone.
afterEach(async () => {
  await vi.waitFor(async () => {
    for (let round = 0; round < 3; round++) {
      expect(last?.waiting ?? 0).toBe(0)
      await new Promise((resolve) => setTimeout(resolve))
    }
  })
})

export class Phone {
  online = true
  readonly storage = new Map<string, string>()
  readonly screens: Screen[] = []
  readonly requests: string[] = []
  /** How many answers have not come yet. */
  waiting = 0
  /** The templates of each dialog that was opened. */
  readonly dialogs: (readonly string[])[] = []
  /** What the person answers to each template; an error code: WeChat opens no dialog. */
  answers: ((template: string) => Choice) | number = () => 'accept'
  /** Whether this WeChat user has agreed to the privacy guide. */
  consent = true
  /** What the camera sees: the path of a mini-program code, or other things. */
  scanned = ''
  readonly toasts: string[] = []
  private readonly listeners = new Set<(res: { isConnected: boolean; networkType: string }) => void>()
  private ask: ((resolve: Resolve, info: { referrer: string }) => void) | null = null
  private agreed = false
  /** Whether the code that runs now was called straight by a tap. */
  private tapping = false

  constructor(readonly openid: string) {
    for (const each of Object.keys(require.cache))
      if (each.startsWith(resolve(BUILT))) Reflect.deleteProperty(require.cache, each)
    document.body.replaceChildren()
    Object.assign(globalThis, { wx: this.wx() })
    last = this // eslint-disable-line @typescript-eslint/no-this-alias -- the one that tests use now
  }

  /** Opens a page the way WeChat does: from the list of mini-programs, a code, or a message. */
  launch(url = '/pages/home/index'): void {
    this.clear()
    this.open(url)
  }

  /** WeChat throws the mini-program out of memory, and keeps its storage. */
  restart(url?: string): void {
    for (const each of Object.keys(require.cache))
      if (each.startsWith(resolve(BUILT))) Reflect.deleteProperty(require.cache, each)
    this.launch(url)
  }

  private open(url: string): void {
    const [path = '', query = ''] = url.split('?')
    const id = simulate.load(join(BUILT, path), { compiler: 'simulate', rootPath: BUILT })
    const page = simulate.render(id)
    const place = document.createElement('div')
    document.body.replaceChildren(place)
    page.attach(place)
    this.screens.push({ path, page, place })
    const instance = page.instance as Instance
    // WeChat leaves the values of a query as they are.
    instance.onLoad?.(Object.fromEntries(query.split('&').map((each) => each.split('=') as [string, string])))
    instance.onShow?.()
  }

  private clear(): void {
    for (const { page } of this.screens.splice(0)) page.detach()
  }

  get screen(): Screen {
    const screen = this.screens.at(-1)
    if (!screen) throw new Error('no page is open')
    return screen
  }

  get path(): string {
    return this.screen.path
  }

  get text(): string {
    return this.screen.place.textContent.replace(/\s+/g, ' ').trim()
  }

  get data(): Record<string, unknown> {
    return this.screen.page.data
  }

  private get instance(): Instance {
    return this.screen.page.instance as Instance
  }

  /** Waits until the page shows the text. */
  async sees(text: string | RegExp): Promise<void> {
    await vi.waitFor(
      () => {
        expect(this.text).toMatch(text)
      },
      { timeout: 10_000, interval: 20 },
    )
  }

  /** Waits until this page is open. */
  async at(path: string): Promise<void> {
    await vi.waitFor(
      () => {
        expect(this.path, this.text).toBe(path)
      },
      { timeout: 10_000, interval: 20 },
    )
  }

  /** The innermost element with this text, or else with this text in it. */
  private find(text: string): HTMLElement {
    const all = [...this.screen.place.querySelectorAll<HTMLElement>('*')].map(
      (each) => [each, each.textContent.trim()] as const,
    )
    const found = (all.findLast(([, its]) => its === text) ?? all.findLast(([, its]) => its.includes(text)))?.[0]
    if (!found) throw new Error(`nothing says “${text}”: ${this.text}`)
    return found
  }

  /** Taps on what says this, once it is there. */
  async tap(text: string): Promise<void> {
    await this.sees(text)
    this.tapping = true
    this.dispatch(this.find(text), 'tap', {})
    this.tapping = false
  }

  type(text: string): void {
    const input = this.screen.place.querySelector<HTMLElement>('wx-input')
    if (!input) throw new Error('there is no input')
    this.dispatch(input, 'input', { value: text })
  }

  /** The button of the phone number: WeChat asks for consent first, then the person. */
  async tapPhoneButton(code: string | null, more: object = {}): Promise<void> {
    const button = this.find('用手机号绑定')
    const refused = { errMsg: 'getPhoneNumber:fail privacy permission is not authorized', errno: 104 }
    if (!(await this.authorised('button.getPhoneNumber'))) this.dispatch(button, 'getphonenumber', refused)
    else if (code === null)
      this.dispatch(button, 'getphonenumber', { errMsg: 'getPhoneNumber:fail user deny', ...more })
    else this.dispatch(button, 'getphonenumber', { errMsg: 'getPhoneNumber:ok', code })
  }

  private authorised(referrer: string): Promise<boolean> {
    const { ask } = this
    if (this.consent || ask === null) return Promise.resolve(this.consent)
    return new Promise((resolve) => {
      ask(
        ({ event, buttonId }) => {
          if (event === 'exposureAuthorization') return
          // WeChat checks that its own button was tapped, whatever the code says.
          const given = event === 'agree' && buttonId === 'privacy-agree' && this.agreed
          this.consent ||= given
          resolve(given)
        },
        { referrer },
      )
    })
  }

  tapAgree(): void {
    const button = this.find('同意并继续')
    this.agreed = true
    this.dispatch(button, 'agreeprivacyauthorization', {})
  }

  private dispatch(element: HTMLElement, name: string, detail: object): void {
    const { __wxElement: node } = element as unknown as { __wxElement: object }
    const options = { bubbles: true, capturePhase: true, composed: true }
    exparser.Event.dispatchEvent(node, exparser.Event.create(name, detail, options))
  }

  /** The person comes back from another app, or from a web-view. */
  back(): void {
    const [closed] = this.screens.splice(-1)
    closed?.page.detach()
    document.body.replaceChildren(this.screen.place)
    this.instance.onShow?.()
  }

  show(): void {
    this.instance.onShow?.()
  }

  reachBottom(): void {
    this.instance.onReachBottom?.()
  }

  connect(isConnected: boolean): void {
    this.online = isConnected
    for (const each of this.listeners) each({ isConnected, networkType: isConnected ? '4g' : 'none' })
  }

  private wx(): Partial<Wx> {
    return {
      ...this.network(),
      ...this.keeping(),
      ...this.navigation(),
      ...this.consenting(),
      requestSubscribeMessage: ((option: WechatMiniprogram.RequestSubscribeMessageOption) => {
        this.subscribe(option)
      }) as Wx['requestSubscribeMessage'],
    }
  }

  private network(): Partial<Wx> {
    return {
      request: ((option: WechatMiniprogram.RequestOption) => {
        this.waiting++
        void this.request(option).finally(() => this.waiting--)
      }) as Wx['request'],
      login: ((option: WechatMiniprogram.LoginOption) => {
        if (!this.online) option.fail?.({ errMsg: 'login:fail', errno: 600001 })
        else {
          this.waiting++
          void loginCode(this.openid).then((code) => {
            this.waiting--
            option.success?.({ code, errMsg: 'login:ok' })
          })
        }
      }) as Wx['login'],
      onNetworkStatusChange: (listener) => {
        this.listeners.add(listener as never)
      },
      offNetworkStatusChange: (listener) => {
        this.listeners.delete(listener as never)
      },
    }
  }

  private async request({
    url,
    method = 'GET',
    data,
    header,
    success,
    fail,
  }: WechatMiniprogram.RequestOption): Promise<void> {
    const address = new URL(url)
    this.requests.push(`${method} ${address.pathname}`)
    if (!this.online) {
      fail?.(NO_NETWORK)
      return
    }
    const body = data === undefined ? null : JSON.stringify(data)
    const headers = { 'Content-Type': 'application/json', ...(header as Options) }
    const answer = await fetch(SERVICE + address.pathname + address.search, { method, headers, body })
    const text = await answer.text()
    // The connection may be lost while the answer is under way.
    if (!this.online as boolean) fail?.(NO_NETWORK)
    else success?.(received(answer, text))
  }

  private keeping(): Partial<Wx> {
    return {
      getStorageSync: ((key: string) => JSON.parse(this.storage.get(key) ?? '""') as unknown) as Wx['getStorageSync'],
      setStorageSync: (key: string, value: unknown) => {
        this.storage.set(key, JSON.stringify(value))
      },
      removeStorageSync: (key) => {
        this.storage.delete(key)
      },
    }
  }

  private navigation(): Partial<Wx> {
    return {
      navigateTo: (({ url }: WechatMiniprogram.NavigateToOption) => {
        this.open(url)
      }) as Wx['navigateTo'],
      reLaunch: (({ url }: WechatMiniprogram.ReLaunchOption) => {
        this.launch(url)
      }) as Wx['reLaunch'],
      stopPullDownRefresh: (() => undefined) as Wx['stopPullDownRefresh'],
      showToast: (({ title }: WechatMiniprogram.ShowToastOption) => {
        this.toasts.push(title)
      }) as Wx['showToast'],
      scanCode: (({ success }: WechatMiniprogram.ScanCodeOption) => {
        success?.({ path: this.scanned } as WechatMiniprogram.ScanCodeSuccessCallbackResult)
      }) as Wx['scanCode'],
    }
  }

  private consenting(): Partial<Wx> {
    return {
      canIUse: () => true,
      onNeedPrivacyAuthorization: ((listener: (resolve: Resolve, info: { referrer: string }) => void) => {
        this.ask = listener
      }) as unknown as Wx['onNeedPrivacyAuthorization'],
      getPrivacySetting: ({ success }) => {
        const privacyContractName = '《智评用户隐私保护指引》'
        success?.({ needAuthorization: !this.consent, privacyContractName, errMsg: 'getPrivacySetting:ok' })
      },
      openPrivacyContract: ({ fail }: WechatMiniprogram.OpenPrivacyContractOption) => {
        fail?.({ errMsg: 'openPrivacyContract:fail' })
      },
    }
  }

  private subscribe({ tmplIds, success, fail }: WechatMiniprogram.RequestSubscribeMessageOption): void {
    const templates = tmplIds as string[]
    const { answers } = this
    if (!this.tapping)
      fail?.({ errCode: 20013, errMsg: 'requestSubscribeMessage:fail can only be invoked by user TAP gesture.' })
    else if (templates.length > 3)
      fail?.({ errCode: 20003, errMsg: 'requestSubscribeMessage:fail Templates count out of max bounds' })
    else if (typeof answers === 'number') fail?.({ errCode: answers, errMsg: 'requestSubscribeMessage:fail' })
    else {
      this.dialogs.push(templates)
      const chosen = Object.fromEntries(templates.map((each) => [each, answers(each)]))
      success?.({ ...chosen, errMsg: 'requestSubscribeMessage:ok' })
    }
  }
}

function received(answer: Response, text: string): WechatMiniprogram.RequestSuccessCallbackResult {
  let data: unknown = text
  try {
    data = JSON.parse(text)
  } catch {
    // WeChat leaves what is no JSON as a string.
  }
  const header = Object.fromEntries(answer.headers)
  return { statusCode: answer.status, data, header } as WechatMiniprogram.RequestSuccessCallbackResult
}
