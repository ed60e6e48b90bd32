/** Moving a row of a list to another place. */

/** The list with the element at `from` at the place `to`; the same list where it is there already. */
export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const at = Math.min(Math.max(to, 0), list.length - 1)
  const element = list[from]
  if (element === undefined || at === from) return list
  const rest = list.filter((_, index) => index !== from)
  return [...rest.slice(0, at), element, ...rest.slice(at)]
}

/** The order of a person, kept where schools have come or gone meanwhile: those that came stand at the end. */
export function kept(order: readonly string[], present: readonly string[]): readonly string[] {
  const there = new Set(present)
  const known = order.filter((each) => there.has(each))
  return [...known, ...present.filter((each) => !known.includes(each))]
}
