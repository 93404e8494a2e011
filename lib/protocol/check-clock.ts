import { checkFunction } from '../errors/check-options.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { Clock } from './clock.js'

/** Refuses a clock that does not answer seconds. Absent is fine. Throws `ConfigurationError`. */
export function checkClock(clock: Clock | undefined): void {
  if (clock === undefined) return
  checkFunction('clock', clock)
  const now = clock()
  // Milliseconds taken for seconds would end every token after a thousandth of its time.
  if (Number.isSafeInteger(now) && now >= 0 && now < 100_000_000_000) return
  throw new ConfigurationError('clock', 'does not answer whole seconds since the epoch', 'Divide Date.now() by 1000')
}
