/** What the service shows of files: looked up when they are shown, and again until they have been checked. */

import { onUnmounted, reactive, watch } from 'vue'
import { newApi } from '../api/client'
import type { EvidenceView } from '../api/types'
import { token } from '../shared/session'

const AGAIN_MS = 3000
const AT_ONCE = 4

/** Known records by id, for as long as the page lives: their addresses are good for a day at least. */
const known = reactive(new Map<string, EvidenceView>())

/** The records of the files with these ids, as far as they are known. */
export function useEvidence(submission: () => string, ids: () => readonly string[]): ReadonlyMap<string, EvidenceView> {
  let timer: ReturnType<typeof setTimeout> | undefined

  const open = () => ids().filter((id) => !known.get(id)?.file || known.get(id)?.file?.check === 'pending')

  async function look(): Promise<void> {
    clearTimeout(timer)
    const wanted = open()
    const worker = async () => {
      for (let id = wanted.shift(); id !== undefined; id = wanted.shift()) {
        const answer = await newApi(token).get<EvidenceView>(`/api/submissions/${submission()}/evidence/${id}`)
        if (answer.ok) known.set(id, answer.data)
        else if (answer.status === 0) return
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    if (open().length > 0) timer = setTimeout(() => void look(), AGAIN_MS)
  }

  watch(
    () => ids().join(' '),
    () => void look(),
    { immediate: true },
  )
  onUnmounted(() => {
    clearTimeout(timer)
  })
  return known
}
