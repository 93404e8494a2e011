import { setTimeout as sleep } from 'node:timers/promises'
import type { MaybePromise } from '../time/maybe-promise.js'
import type { ThrottleKind } from '../telemetry/request-events.js'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { Emit } from '../telemetry/events.js'
import { applicationContext } from '../request/request-context.js'

/** Something that failures are counted for. */
export interface ThrottleKey {
  readonly kind: ThrottleKind
  /** A digest, 43 characters of base64url: its size does not depend on what was typed, and it reveals nothing. */
  readonly key: string
}

/** How an attempt ended. `cancelled`: without a result, because a store or a hasher failed; it is not counted. */
export type AttemptOutcome = 'succeeded' | 'failed' | 'cancelled'

/** An attempt that may go on, and is pending until it has ended. */
export interface AllowedAttempt {
  readonly retryAfterSeconds: undefined
  /** Ends the attempt, and counts a failure. Must be called in any case; a second call does nothing. */
  end(outcome: AttemptOutcome): MaybePromise<void>
}

/** An attempt that is refused before anything is verified. */
export interface BlockedAttempt {
  /** Seconds until the next attempt is allowed: at least 1, at most the longest delay. */
  readonly retryAfterSeconds: number
  /** The kind of the key that has had too many failures. */
  readonly kind: ThrottleKind
}

/**
 * Counts failed attempts, and delays further ones for longer and longer.
 *
 * Contract: `begin` counts an attempt for all of its keys before anything is verified, in one atomic step for each key: a hundred
 * concurrent attempts get no more guesses than a hundred sequential ones. Blocked attempts are not counted. An attempt that has not ended
 * after a minute counts as failed.
 *
 * A success clears the counter of a known address or device (`known_account`, `known_client`, `device`). All other counters are cleared
 * only by time: otherwise an attacker could reset them by signing in between guesses, to an account of their own behind the same address,
 * or to one whose name is folded to that of the victim.
 *
 * Methods throw `StoreUnavailableError` if the counters cannot be reached: then no password is verified either.
 */
export interface Throttle {
  /** Whether other processes see the counters. Used by `posture()`. */
  readonly isShared: boolean
  /**
   * Milliseconds that the refusal of an unknown token or of a wrong generated secret waits until it has been counted. Absent: no limit.
   */
  readonly longestCounting?: number
  /**
   * Begins an attempt, or returns for how long there is a delay. May wait for pending attempts. `receivedAt` is the time when the request
   * arrived, in milliseconds since the epoch: a delay that had not ended by then still applies, even if the request has waited since.
   */
  begin(keys: readonly ThrottleKey[], receivedAt?: number): MaybePromise<AllowedAttempt | BlockedAttempt>
  /**
   * Returns whether an account or a client succeeded from an address before. The key identifies both; `owner` identifies the user or the
   * client alone.
   */
  isKnown(key: string, owner?: string): MaybePromise<boolean>
  /**
   * Remembers that it did. Called at each success. At most 20 addresses are kept for each owner, and the oldest is evicted first: nobody
   * can evict the addresses of others.
   */
  remember(key: string, owner?: string): MaybePromise<void>
  /**
   * Counts a failure of a user, and returns how many there were since the last success. They are kept for at least 180 days. Without a key,
   * for an unknown user, does the same work and keeps nothing. Absent: failures in a row are not counted.
   */
  countInARow?(key: string | undefined): MaybePromise<number>
  /** Clears them after a success. */
  clearInARow?(key: string): MaybePromise<void>
  /**
   * Tries to count something, and throws if that fails. Called in the background when a server is created. Absent: nothing can be wrong.
   */
  check?(): MaybePromise<void>
}

/** How often a throttle is tried, and the milliseconds in between, in which a limiter may create its table. */
const ATTEMPTS = 3
const PAUSE = 1000

/**
 * Tries a throttle in the background at startup, and emits an event if it does not count: otherwise the first to notice would be a user who
 * cannot sign in. The server starts anyway, because the store may be available again in a moment.
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
