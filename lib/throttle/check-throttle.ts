import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { Emit } from '../telemetry/events.js'
import { applicationContext } from '../request/request-context.js'
import type { Throttle } from './throttle.js'

/** How often a throttle is tried, and for how many milliseconds it is left alone in between: a limiter may be making its table. */
const ATTEMPTS = 3
const PAUSE = 1000

/**
 * Tries a throttle when the server is made, in the background, and tells the operator when it does not count: otherwise the first one to
 * notice would be a user who cannot sign in. The server starts nevertheless, for the store may be back in a moment.
 */
export async function checkThrottle(throttle: Throttle | undefined, emit: Emit): Promise<void> {
  if (throttle?.check === undefined) return
  for (let attempt = 1; ; attempt += 1) {
    try {
      await throttle.check()
      return
    } catch (cause) {
      if (attempt === ATTEMPTS) {
        emit(applicationContext(), { type: 'failure', error: 'temporarily_unavailable', cause: failure(cause) })
        return
      }
      await sleep(PAUSE, undefined, { ref: false })
    }
  }
}

function failure(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    'throttle: failures cannot be counted, and until they can sign-ins are refused with 503. See the cause, and docs/throttle.md for the ' +
      'lines to write; or use the throttle of your stores',
    { cause },
  )
}
