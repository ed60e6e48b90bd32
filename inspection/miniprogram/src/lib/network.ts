/** Tries again what failed for want of a network, as soon as there is one. */

type Listener = WechatMiniprogram.OnNetworkStatusChangeCallback

const listeners = new WeakMap<object, Listener>()

/** Calls `again` whenever the phone comes back to a network, for as long as the page is there. */
export function watch(page: object, again: () => void): void {
  const listener: Listener = ({ isConnected }) => {
    if (isConnected) again()
  }
  listeners.set(page, listener)
  wx.onNetworkStatusChange(listener)
}

/** The page goes. */
export function unwatch(page: object): void {
  const listener = listeners.get(page)
  // The types of `off` name no argument of the listener, which is the same function all the same.
  if (listener) wx.offNetworkStatusChange(listener as () => void)
}
