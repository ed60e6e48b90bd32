/** The keys that go through the rows of a table. */

const STEPS = ['ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown']

export function isStep(key: string): boolean {
  return STEPS.includes(key)
}

/** Gives the focus to the link of another row; from outside of the rows ↓ leads to the first of them. */
export function step(links: readonly HTMLElement[], from: HTMLElement, key: string): void {
  const row = from.closest('tr')
  const here = row ? links.findIndex((link) => row.contains(link)) : -1
  const to = { ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: links.length - 1 }[key] ?? here
  links[Math.min(Math.max(to, 0), links.length - 1)]?.focus()
}
