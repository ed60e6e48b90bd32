/** The pages and parts that are loaded when they are first needed: the first page comes sooner without them. */

export const later = {
  finish: () => import('./pages/Finish.vue'),
  waiting: () => import('./pages/Waiting.vue'),
  thisPhone: () => import('./pages/ThisPhone.vue'),
  photoViewer: () => import('./components/PhotoViewer.vue'),
  annotate: () => import('./components/Annotate.vue'),
}

/** Loads them all now: where no service worker keeps them, they could not be loaded once the network is gone. */
export async function loadAll(): Promise<void> {
  await Promise.allSettled(Object.values(later).map((load) => load()))
}
