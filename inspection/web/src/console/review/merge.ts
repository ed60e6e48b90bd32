/**
 * Two officers edit one review: what each changed since the version that both began with is put together, field by
 * field. Where both changed the same field, both values are kept until a person chooses.
 */

/** A review as fields: "1.1.1/remark", "1.1.1/points", "opinion"; what is empty is not there. */
export type Fields = Readonly<Record<string, string | number>>

export interface Merged {
  /** What is shown: theirs where only they changed a field, else ours. */
  readonly fields: Fields
  /** Fields that they changed, and we did not. */
  readonly theirs: readonly string[]
  /** Fields that both changed, each otherwise: ours is shown, theirs waits here. Null: they emptied it. */
  readonly conflicts: Readonly<Record<string, string | number | null>>
}

/** Puts ours and theirs together, which both come from `base`. */
export function merge(base: Fields, ours: Fields, theirs: Fields): Merged {
  const fields: Record<string, string | number> = {}
  const changed: string[] = []
  const conflicts: Record<string, string | number | null> = {}
  for (const name of new Set([...Object.keys(base), ...Object.keys(ours), ...Object.keys(theirs)])) {
    const [was, mine, other] = [base[name], ours[name], theirs[name]]
    const taken = mine === was ? other : mine
    if (taken !== undefined) fields[name] = taken
    if (other === was || other === mine) continue
    if (mine === was) changed.push(name)
    else conflicts[name] = other ?? null
  }
  return { fields, theirs: changed, conflicts }
}

/** Which fields differ. */
export function differing(one: Fields, other: Fields): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((name) => one[name] !== other[name])
}
