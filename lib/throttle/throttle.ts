import type { MaybePromise } from '../protocol/maybe-promise.js'
import type { ThrottleKind } from '../protocol/throttle-kind.js'

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
  /** Gives the place back, or keeps it for a failure. To be called once, whatever happens. */
  end(outcome: AttemptOutcome): MaybePromise<void>
}

/** An attempt that may not even be looked at. */
export interface BlockedAttempt {
  /** Seconds after which it is worth trying again, at least 1. */
  readonly retryAfterSeconds: number
  /** Which of its keys has had too many failures. */
  readonly kind: ThrottleKind
}

/**
 * Counts failed attempts, and holds further ones up for longer and longer.
 *
 * Contract: `begin` counts an attempt for all of its keys before it is looked at, in one atomic step for each: a hundred attempts at
 * once get no more tries than a hundred one after the other. A success gives its place back and clears the counters of its account
 * or client; the counter of an address is cleared by time alone, or else a guesser would sign in to an own account between guesses.
 * Throws `StoreUnavailableError` when the counters are out of reach: then nothing is guessed either.
 */
export interface Throttle {
  /** Whether the counters are seen by other processes; for the posture of a server. */
  readonly isShared: boolean
  /** Takes a place for an attempt, or tells for how long there is none. */
  begin(keys: readonly ThrottleKey[]): MaybePromise<AllowedAttempt | BlockedAttempt>
  /** Whether an account or a client succeeded before from an address; the key names all of them. */
  isKnown(key: string): MaybePromise<boolean>
  /** Remembers that it did. */
  remember(key: string): MaybePromise<void>
}
