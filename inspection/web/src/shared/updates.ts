/** A new version of the app waits until the person agrees: a page in use is never reloaded. */

import { ref } from 'vue'

/** Set when a newer version is on the phone; calling it takes it into use. */
export const takeUpdate = ref<(() => void) | null>(null)

/** Set from the person's yes until the newer version has the page. */
export const updating = ref(false)

/** Whether the app is on this phone, so that it starts without a network. */
export const startsOffline = ref(false)

let registration: ServiceWorkerRegistration | null = null

/** Registers the service worker, where the browser has any (not over plain HTTP, not in WeChat on iOS). */
export async function watchForUpdates(): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return
  const registered = await navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`, {
    scope: import.meta.env.BASE_URL,
  })
  registration = registered
  void navigator.serviceWorker.ready.then(() => {
    startsOffline.value = true
  })
  const offer = (worker: ServiceWorker) => {
    takeUpdate.value = () => {
      updating.value = true
      if (worker.state === 'installed') worker.postMessage('take over')
      else location.reload() // Another tab has taken it into use.
    }
  }
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (updating.value) location.reload()
  })
  if (registered.waiting && navigator.serviceWorker.controller) offer(registered.waiting)
  registered.addEventListener('updatefound', () => {
    const worker = registered.installing
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && navigator.serviceWorker.controller) offer(worker)
    })
  })
}

/** Fetches the newest version, and takes it into use: asked for by a person whose app is too old to sync. */
export async function updateNow(): Promise<void> {
  await registration?.update()
  if (takeUpdate.value) takeUpdate.value()
  else if (registration?.installing) {
    registration.installing.addEventListener('statechange', () => {
      takeUpdate.value?.()
    })
  } else location.reload()
}
