/** A field of the form on a page: its value, what stands beside it, and the setting of it. */

import { computed, ref, type ComputedRef, type Ref } from 'vue'
import { session } from '../shared/session'
import { useDesk } from './app'
import { useForm, type Entry } from './form'
import type { Value } from './store/db'
import { isList, same, setField, type Setting } from './store/form'

/** One of the values that a person can choose from. */
export interface Choice {
  readonly value: Value
  readonly who: string
  readonly at: string | null
}

export interface FieldInUse {
  readonly entry: ComputedRef<Entry>
  /** The values to choose from, where two people typed different ones; else empty. */
  readonly choices: ComputedRef<readonly Choice[]>
  /** Whether it takes nothing now: the form is closed, or a choice is to be made first. */
  readonly locked: ComputedRef<boolean>
  /** Why the last change is not even on this phone. */
  readonly trouble: Ref<string>
  set(value: Value, setting?: Setting): Promise<void>
}

export function useField(name: () => string): FieldInUse {
  const { db, sync } = useDesk()
  const form = useForm()
  const entry = computed(() => form.value.entry(name()))
  const choices = computed(() => (isList(name()) ? [] : choicesOf(entry.value)))
  const trouble = ref('')
  return {
    entry,
    choices,
    locked: computed(() => !form.value.editable || choices.value.length > 0),
    trouble,
    async set(value, setting) {
      try {
        await setField(db, name(), value, setting)
        trouble.value = ''
        sync.soon()
      } catch {
        trouble.value = '没有保存：手机存储空间不足或被占用。请清理后再填一次。'
      }
    },
  }
}

/** The current value and those kept beside it; of what one person typed just the latest. */
export function choicesOf({ field, value, waiting }: Entry): Choice[] {
  if (field.kept.length === 0) return []
  const all = [field.value, ...field.kept.map((each) => each.value ?? null)]
  // What was chosen is on its way.
  if (waiting && all.some((each) => same(each, value))) return []
  const latest = new Map(field.kept.map((each) => [each.by, each]))
  return [
    { value: field.value, who: whoIs(field.by, field.byName), at: field.at },
    ...[...latest.values()].map(({ value: kept, by, by_name: name, at }) => ({
      value: kept ?? null,
      who: whoIs(by, name),
      at,
    })),
  ]
}

/** A person in a word: oneself is 您. */
export function whoIs(by: string | null, name: string | null): string {
  return by !== null && by === session.me?.person_id ? '您' : (name ?? '另一位联系人')
}
