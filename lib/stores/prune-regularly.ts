import { describeOptions } from '../checks/describe-options.js'
import { clock, func, wholeNumber, checkFunction } from '../checks/option-kind.js'
import { checkInterface } from '../checks/check-interface.js'
import type { Clock } from '../time/clock.js'
import type { TokenStore } from './token-store.js'

/** Options of {@link pruneRegularly}. */
export interface PruneRegularlyOptions {
  /** Seconds between two prunings, 1 to 86,400. Default 60. */
  readonly intervalSeconds?: number | undefined
  /** Milliseconds that one pruning may take, 1 to 60,000. The rest waits for the next one. Default 200. */
  readonly budgetMilliseconds?: number | undefined
  /** Called with the error of a failed pruning. The next one tries again. Default: writes to the console. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined
}

const description = describeOptions<PruneRegularlyOptions>()('pruneRegularly', {
  intervalSeconds: wholeNumber(1, 86_400).or(60),
  budgetMilliseconds: wholeNumber(1, 60_000).or(200),
  onError: func<(error: unknown) => void>().or(report),
  clock: clock(),
})

/**
 * Prunes a token store every so many seconds, never twice at once, until the returned function is called or the store is
 * garbage-collected. The timer does not keep the process alive. Several processes may prune one store; a store that drops everything by itself
 * needs none of it.
 *
 * Throws `ConfigurationError` for an option that it does not know or cannot use.
 *
 * @example
 * ```ts
 * import { pruneRegularly } from 'latchkey'
 * import { createMemoryStores } from 'latchkey/stores/memory'
 *
 * const { tokens } = createMemoryStores()
 * const stopPruning = pruneRegularly(tokens, { intervalSeconds: 300 })
 * ```
 */
export function pruneRegularly(store: Pick<TokenStore, 'prune'>, options: PruneRegularlyOptions = {}): () => void {
  const { intervalSeconds, budgetMilliseconds, onError, clock } = description.read(options)
  const { prune: pruneOf } = Object(store) as { readonly prune?: unknown }
  if (typeof pruneOf !== 'function') {
    // A store that drops everything by itself; anything else, such as all stores together, would never be pruned.
    checkInterface('pruneRegularly.store', store, 'TokenStore')
    checkFunction('pruneRegularly.store.prune', pruneOf)
    return () => undefined
  }
  // A timer that referenced the store would keep its tokens in memory if the application drops it without closing it.
  const reference = new WeakRef(store)
  let isPruning = false
  let isStopped = false
  const timer = setInterval(() => {
    const held = reference.deref()
    if (held === undefined) clearInterval(timer)
    else if (!isPruning) void prune(held)
  }, intervalSeconds * 1000)
  timer.unref()
  return () => {
    isStopped = true
    clearInterval(timer)
  }

  async function prune(held: Pick<TokenStore, 'prune'>): Promise<void> {
    isPruning = true
    try {
      await held.prune?.(clock(), { budgetMilliseconds })
    } catch (error) {
      // The caller probably closes the database next, perhaps during a pruning.
      if (!isStopped) onError(error)
    } finally {
      isPruning = false
    }
  }
}

function report(error: unknown): void {
  console.error('latchkey: expired tokens could not be removed; the next pruning tries again:', error)
}
