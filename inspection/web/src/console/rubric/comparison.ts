/** Which schools' outcomes a changed rubric would change: asked for a hundred schools at a time, so that one sees how far. */

import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { explain } from '../../api/client'
import type { Candidate, ChangedOutcome, ChangedOutcomes } from '../../api/types'
import { api } from '../api'

export interface Comparison {
  readonly changed: ShallowRef<readonly ChangedOutcome[]>
  readonly checked: Ref<number>
  readonly done: Ref<boolean>
  readonly trouble: Ref<string>
  readonly percent: ComputedRef<number>
  start(): Promise<void>
}

export function useComparison(candidate: Candidate): Comparison {
  const changed = shallowRef<readonly ChangedOutcome[]>([])
  const checked = ref(0)
  const done = ref(false)
  const trouble = ref('')
  let stopped = false
  onScopeDispose(() => {
    stopped = true
  })

  async function start(): Promise<void> {
    changed.value = []
    checked.value = 0
    done.value = false
    trouble.value = ''
    let cursor: string | null = ''
    while (cursor !== null && !stopped) {
      const path: string = `/api/rubric/candidates/${candidate.sha256}/outcomes${cursor ? `?cursor=${cursor}` : ''}`
      const answer = await api.get<ChangedOutcomes>(path)
      if (!answer.ok) {
        trouble.value = explain(answer)
        return
      }
      changed.value = [...changed.value, ...answer.data.items]
      checked.value += answer.data.checked
      cursor = answer.data.next_cursor
    }
    done.value = true
  }

  const percent = computed(() =>
    done.value ? 100 : candidate.schools ? Math.min(99, Math.floor((100 * checked.value) / candidate.schools)) : 0,
  )
  return { changed, checked, done, trouble, percent, start }
}
