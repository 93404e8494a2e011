import { setTimeout as sleep } from 'node:timers/promises'
import type { MaybePromise } from '../time/maybe-promise.js'
import type { ThrottleKind } from '../telemetry/request-events.js'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { Emit } from '../telemetry/events.js'
import { applicationContext } from '../request/request-context.js'

/** One thing that failures are counted for. */
export interface ThrottleKey {
  readonly kind: ThrottleKind
  /** A digest, 43 characters of base64url: whatever was typed, a counter has the same size and tells nothing. */
  readonly key: string
}

/** How an attempt ended. `cancelled`: nobody knows, because a store or a hasher failed; it counts as none. */
export type AttemptOutcome = 'succeeded' | 'failed' | 'cancelled'

/** An attempt that may go on: a place is taken until it has ended. */
export interface AllowedAttempt {
  readonly retryAfterSeconds: undefined
  /** Gives the place back, or keeps it for a failure. To be called whatever happens; a second call does nothing. */
  end(outcome: AttemptOutcome): MaybePromise<void>
}

/** An attempt that may not even be looked at. */
export interface BlockedAttempt {
  /** Seconds after which it is worth trying again: at least 1, at most the longest delay. */
  readonly retryAfterSeconds: number
  /** Which of its keys has had too many failures. */
  readonly kind: ThrottleKind
}

/**
 * Counts failed attempts, and holds further ones up for longer and longer.
 *
 * Contract: `begin` counts an attempt for all of its keys before it is looked at, in one atomic step for each: a hundred attempts at
 * once get no more tries than a hundred one after the other. What is blocked is not counted. An attempt that never ends has failed
 * after a minute.
 *
 * A success gives its place back, and clears a counter of an address where it succeeded before (`known_account`, `known_client`, `device`). All
 * others are cleared by time alone, or else a guesser would sign in between guesses: to an own account behind the same address, or to
 * one whose name is spelt like the victim's.
 *
 * Throws `StoreUnavailableError` when the counters are out of reach: then nothing is guessed either.
 */
export interface Throttle {
  /** Whether the counters are seen by other processes; for the posture of a server. */
  readonly isShared: boolean
  /**
   * Milliseconds for which a refusal that stands anyway, of an unknown token or a wrong generated secret, waits for being counted.
   * Absent: it waits until it is counted.
   */
  readonly longestCounting?: number
  /**
   * Takes a place for an attempt, or tells for how long there is none. May wait for attempts that are under way. `receivedAt`: when the
   * request came, in milliseconds since the epoch; a delay that had not ended by then still counts, however long the request has waited.
   */
  begin(keys: readonly ThrottleKey[], receivedAt?: number): MaybePromise<AllowedAttempt | BlockedAttempt>
  /**
   * Whether an account or a client succeeded before from an address; the key names all of them. `owner` names the user or the client
   * alone.
   */
  isKnown(key: string, owner?: string): MaybePromise<boolean>
  /**
   * Remembers that it did; called again at each success. Of one owner at most 20 addresses are kept, and the oldest goes first: nobody
   * can make those of others forgotten.
   */
  remember(key: string, owner?: string): MaybePromise<void>
  /**
   * Counts a failure of a user since the last success, and returns how many there are. Time does not clear them before 180 days.
   * `undefined`: nobody was found; then it does the same work and keeps nothing. Absent: failures in a row are not counted.
   */
  countInARow?(key: string | undefined): MaybePromise<number>
  /** Forgets them, after a success. */
  clearInARow?(key: string): MaybePromise<void>
  /**
   * Counts something that means nothing, to see whether that works; called when a server is made, in the background. Throws when it does
   * not. Absent: there is nothing that could be wrong.
   */
  check?(): MaybePromise<void>
}

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
    'throttle: failures cannot be counted, so sign-ins are refused with 503. See the cause, and docs/throttle.md for the ' +
      'lines to write; or use the throttle of your stores',
    { cause },
  )
}
