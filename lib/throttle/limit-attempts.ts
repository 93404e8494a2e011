import { OAuthError } from '../errors/oauth-error.js'
import { publicError } from '../errors/public-error.js'
import { emitError, type Emit } from '../events.js'
import { andThen, isPromiseLike, type MaybePromise } from '../protocol/maybe-promise.js'
import type { RequestContext } from '../protocol/request-context.js'
import type { TokenRefusal } from '../protocol/token-refusal.js'
import type { AllowedAttempt, AttemptOutcome, BlockedAttempt, Throttle, ThrottleKey } from './throttle.js'
import { tokenKeys, type AttemptKeys } from './throttle-keys.js'

/** What limiting attempts works with. */
export interface ThrottleServices {
  /** Absent: attempts are not limited. */
  readonly throttle: Throttle | undefined
  readonly emit: Emit
}

/** Who tries what, for events. */
export interface AttemptedBy {
  readonly context: RequestContext
  /** Absent for a token, and for a client that nobody knows. */
  readonly clientId: string | undefined
}

/**
 * Makes an attempt at a password, unless there were too many failures: then it is not even looked at, right or wrong, and the
 * request is answered 429 (RFC 6749 §4.3.2, §10.10). An attempt that throws has not failed.
 *
 * Deviation: 429 also for one account, and not `invalid_grant` (AUT-05). Names are counted as they are typed, whether there is such a
 * user or not, so the answer tells nothing of that, and a client can tell its user to wait.
 */
export function limitAttempts<Result>(
  services: ThrottleServices,
  by: AttemptedBy,
  { unknown, known }: AttemptKeys,
  {
    attempt,
    isSuccess,
  }: { readonly attempt: () => MaybePromise<Result>; readonly isSuccess: (result: Result) => boolean },
): MaybePromise<Result> {
  const { throttle } = services
  if (throttle === undefined) return attempt()
  return andThen(throttle.isKnown(known.key), (isKnown: unknown) =>
    andThen(throttle.begin(isKnown === true ? [known] : unknown), (begun) => {
      const allowed = requireAllowed(services, by, begun)
      const end = (outcome: AttemptOutcome): MaybePromise<void> =>
        andThen(allowed.end(outcome), () => (outcome === 'succeeded' ? throttle.remember(known.key) : undefined))
      return settle(attempt, isSuccess, (outcome) => whatever(services, by, () => end(outcome)))
    }),
  )
}

/**
 * Counts a failure that was seen without limiting attempts, because what was guessed cannot be: a secret or a token of 256 random
 * bits. Whoever has the right one is never held up. Throws 429 when there were too many; counters that are out of reach hold nobody up.
 */
export function countFailure(
  services: ThrottleServices,
  by: AttemptedBy,
  keys: readonly ThrottleKey[],
): MaybePromise<void> {
  const { throttle } = services
  if (throttle === undefined) return undefined
  const counted = whatever(services, by, () =>
    andThen(throttle.begin(keys), (begun) => (isAllowed(begun) ? andThen(begun.end('failed'), () => begun) : begun)),
  )
  return andThen(counted, (begun) => {
    if (begun !== undefined) requireAllowed(services, by, begun)
  })
}

/** Tells of a token that nobody issued, and counts it for its address. Throws 429 when there were too many. */
export function countUnknownToken(
  services: ThrottleServices,
  by: AttemptedBy,
  reason: TokenRefusal,
): MaybePromise<void> {
  services.emit(by.context, { type: 'unknown_token', clientId: by.clientId, reason })
  return countFailure(services, by, tokenKeys(by.context.address))
}

function requireAllowed(
  { emit }: ThrottleServices,
  { context, clientId }: AttemptedBy,
  begun: AllowedAttempt | BlockedAttempt,
): AllowedAttempt {
  if (isAllowed(begun)) return begun
  const { kind, retryAfterSeconds } = begun
  emit(context, { type: 'throttled', kind, clientId, retryAfterSeconds })
  throw new OAuthError('temporarily_unavailable', 'Too many failed attempts', { status: 429, retryAfterSeconds })
}

/** Throws for what is neither: a throttle that answers anything else must not let everything pass. */
function isAllowed(begun: AllowedAttempt | BlockedAttempt): begun is AllowedAttempt {
  const { end, retryAfterSeconds } = begun as Partial<Record<keyof AllowedAttempt, unknown>>
  if (retryAfterSeconds === undefined && typeof end === 'function') return true
  if (typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0) return false
  throw new TypeError('The Throttle answered something that is no attempt')
}

function settle<Result>(
  attempt: () => MaybePromise<Result>,
  isSuccess: (result: Result) => boolean,
  end: (outcome: AttemptOutcome) => MaybePromise<unknown>,
): MaybePromise<Result> {
  try {
    const ended = andThen(attempt(), (result) => andThen(end(isSuccess(result) ? 'succeeded' : 'failed'), () => result))
    return isPromiseLike(ended) ? ended.then(undefined, cancel) : ended
  } catch (error) {
    return cancel(error)
  }

  function cancel(error: unknown): MaybePromise<never> {
    return andThen(end('cancelled'), () => {
      throw error
    })
  }
}

/** What was decided stands, also when the counters cannot be told of it: then that is told to the operator. */
function whatever<Result>(
  { emit }: ThrottleServices,
  { context }: AttemptedBy,
  count: () => MaybePromise<Result>,
): MaybePromise<Result | undefined> {
  try {
    const counted = count()
    return isPromiseLike(counted) ? counted.then(undefined, failed) : counted
  } catch (error) {
    failed(error)
    return undefined
  }

  function failed(error: unknown): undefined {
    emitError(emit, context, publicError(error))
  }
}
