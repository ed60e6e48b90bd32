/** What this phone and its browser can do, and what the person has to know about it. */

import { computed, onMounted, onUnmounted, ref, type ComputedRef, type Ref } from 'vue'
import { useDesk } from './app'
import { useLive } from '../shared/live'

const CLOCK_MS = 2 * 60 * 1000
const LOW_BYTES = 300_000_000
const LOOK_EVERY_MS = 60_000

/** Without a secure context the browser gives neither offline start nor hashes: photos can't be kept. */
export const insecure = !isSecureContext
export const noWorker = !('serviceWorker' in navigator)
export const ios = /iPhone|iPad/.test(navigator.userAgent)
export const wechat = navigator.userAgent.includes('MicroMessenger')
export const installed = () => matchMedia('(display-mode: standalone)').matches

/** What to say of a clock that is ahead of the server's by so much; empty where it is right enough, or not known. */
export function wrongClock(aheadMs: number | null): string {
  if (aheadMs === null || Math.abs(aheadMs) < CLOCK_MS) return ''
  const server = new Date(Date.now() - aheadMs).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai', hour12: false })
  return `手机时间${aheadMs > 0 ? '快' : '慢'}了${durationText(Math.abs(aheadMs))}，服务器时间是 ${server}。记录按服务器时间保存，不影响打分。`
}

function durationText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 120) return `约 ${minutes} 分钟`
  return minutes < 48 * 60 ? `约 ${Math.round(minutes / 60)} 小时` : `约 ${Math.round(minutes / 1440)} 天`
}

export interface Storage {
  /** Whether the browser promised to keep what is here; null: it does not say. */
  readonly persisted: Ref<boolean | null>
  readonly space: Ref<{ usage: number; quota: number } | null>
  readonly low: ComputedRef<boolean>
  /** Changes and photos that are on this phone alone. */
  readonly unsynced: Ref<number>
  /** Asks the browser to keep what is here. */
  persist(): Promise<void>
}

/** How much room there is, looked at now and from time to time. */
export function useStorage(): Storage {
  const { db } = useDesk()
  // Missing over plain HTTP, whatever the types say.
  const storage = navigator.storage as StorageManager | undefined
  const persisted = ref<boolean | null>(null)
  const space = ref<{ usage: number; quota: number } | null>(null)
  const unsynced = useLive(
    async () => (await db.operations.count()) + (await db.photos.where('state').notEqual('stored').count()),
    0,
  )

  async function look(): Promise<void> {
    persisted.value = (await storage?.persisted()) ?? null
    const { usage = 0, quota = 0 } = (await storage?.estimate()) ?? {}
    space.value = quota ? { usage, quota } : null
  }

  async function persist(): Promise<void> {
    await storage?.persist()
    await look()
  }

  let timer: ReturnType<typeof setInterval> | undefined
  onMounted(() => {
    void look()
    timer = setInterval(() => void look(), LOOK_EVERY_MS)
  })
  onUnmounted(() => {
    clearInterval(timer)
  })
  const low = computed(() => space.value !== null && space.value.quota - space.value.usage < LOW_BYTES)
  return { persisted, space, low, unsynced, persist }
}
