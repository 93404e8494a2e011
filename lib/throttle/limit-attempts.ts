import { OAuthError } from '../errors/oauth-error.js'
import { publicError } from '../errors/public-error.js'
import { emitError, type Emit } from '../events.js'
import { andThen, isPromiseLike, type MaybePromise } from '../protocol/maybe-promise.js'
import type { RequestContext } from '../protocol/request-context.js'
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
  return andThen(known !== undefined && throttle.isKnown(known.key), (isKnown) =>
    andThen(throttle.begin(isKnown && known !== undefined ? [known] : unknown), (begun) => {
      const allowed = requireAllowed(services, by, begun)
      return settle(services, by, allowed, attempt, isSuccess, () =>
        known === undefined || isKnown ? undefined : throttle.remember(known.key),
      )
    }),
  )
}

/**
 * Counts a failure that was seen without limiting attempts, because what was guessed cannot be: a secret or a token of 256 random
 * bits. Whoever has the right one is never held up. Throws 429 when there were too many.
 */
export function countFailure(
  services: ThrottleServices,
  by: AttemptedBy,
  keys: readonly ThrottleKey[],
): MaybePromise<void> {
  const { throttle } = services
  if (throttle === undefined || keys.length === 0) return undefined
  return andThen(throttle.begin(keys), (begun) => requireAllowed(services, by, begun).end('failed'))
}

/** Tells of a token that nobody issued, and counts it for its address. Throws 429 when there were too many. */
export function countUnknownToken(services: ThrottleServices, by: AttemptedBy): MaybePromise<void> {
  services.emit(by.context, { type: 'unknown_token', clientId: by.clientId })
  return countFailure(services, by, tokenKeys(by.context.address))
}

function requireAllowed(
  { emit }: ThrottleServices,
  { context, clientId }: AttemptedBy,
  begun: AllowedAttempt | BlockedAttempt,
): AllowedAttempt {
  if (begun.retryAfterSeconds === undefined) return begun
  const { kind, retryAfterSeconds } = begun
  emit(context, { type: 'throttled', kind, clientId, retryAfterSeconds })
  throw new OAuthError('temporarily_unavailable', 'Too many failed attempts', { status: 429, retryAfterSeconds })
}

function settle<Result>(
  services: ThrottleServices,
  { context }: AttemptedBy,
  allowed: AllowedAttempt,
  attempt: () => MaybePromise<Result>,
  isSuccess: (result: Result) => boolean,
  remember: () => MaybePromise<void>,
): MaybePromise<Result> {
  let result: MaybePromise<Result>
  try {
    result = attempt()
  } catch (error) {
    return andThen(end('cancelled'), () => {
      throw error
    })
  }
  if (!isPromiseLike(result)) return conclude(result)
  return result.then(conclude, (error: unknown) => andThen(end('cancelled'), () => Promise.reject(error as Error)))

  function conclude(result: Result): MaybePromise<Result> {
    const succeeded = isSuccess(result)
    return andThen(end(succeeded ? 'succeeded' : 'failed'), () => result)
  }

  /** What was decided stands, also when the counters cannot be told of it. */
  function end(outcome: AttemptOutcome): MaybePromise<void> {
    try {
      const ended = andThen(allowed.end(outcome), () => (outcome === 'succeeded' ? remember() : undefined))
      return isPromiseLike(ended) ? ended.then(undefined, failed) : ended
    } catch (error) {
      failed(error)
    }
  }

  function failed(error: unknown): void {
    emitError(services.emit, context, publicError(error))
  }
}
