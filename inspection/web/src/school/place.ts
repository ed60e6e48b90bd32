/** Goes to the place on a page that its address names behind the #. */

import { nextTick, onMounted } from 'vue'

export function useGoToPlace(): void {
  onMounted(async () => {
    await nextTick()
    const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)))
    if (!place) return
    place.scrollIntoView({ block: 'center' })
    place.focus({ preventScroll: true })
  })
}
