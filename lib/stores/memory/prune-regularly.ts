import type { Clock } from '../../protocol/clock.js'

/** Prunes a store every so many seconds (0: never) until the answered function is called or nobody else holds the store. */
export function pruneRegularly(store: { prune(now: number): unknown }, seconds: number, clock: Clock): () => void {
  if (seconds === 0) return () => undefined
  // A timer that held the store would keep all its tokens when an application drops it without closing it.
  const reference = new WeakRef(store)
  const timer = setInterval(() => {
    const held = reference.deref()
    if (held === undefined) clearInterval(timer)
    else held.prune(clock())
  }, seconds * 1000)
  timer.unref()
  return () => {
    clearInterval(timer)
  }
}
