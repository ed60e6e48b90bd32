/** Work that is done by one at a time: in this tab, and among the tabs where the browser knows locks. */

/**
 * Gives a function that starts `work`. Called while it is under way, it is done once more afterwards, however often it was
 * called; each call resolves when a run that began after it has ended.
 */
export function inTurn(name: string, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  const start = (): Promise<void> => {
    next = null
    running = exclusively(name, work).finally(() => {
      running = null
    })
    return running
  }
  return () => {
    if (!running) return start()
    next ??= running.then(start, start)
    return next
  }
}

/** Without locks (plain HTTP), ids keep what two tabs send from counting twice. */
async function exclusively(name: string, work: () => Promise<void>): Promise<void> {
  // Missing over plain HTTP, whatever the types say.
  const locks = navigator.locks as LockManager | undefined
  await (locks ? locks.request(name, work) : work())
}
