/** A new version of the app waits until the person agrees: a page in use is never reloaded. */

import { ref } from 'vue'

/** Set when a newer version is on the phone; calling it takes it into use. */
export const takeUpdate = ref<(() => void) | null>(null)

/** Registers the service worker, where the browser has any (not over plain HTTP, not in WeChat on iOS). */
export async function watchForUpdates(): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return
  const registration = await navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`, {
    scope: import.meta.env.BASE_URL,
  })
  let reloading = false
  const offer = (worker: ServiceWorker) => {
    takeUpdate.value = () => {
      reloading = true
      worker.postMessage('take over')
    }
  }
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (reloading) location.reload()
  })
  if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && navigator.serviceWorker.controller) offer(worker)
    })
  })
}
