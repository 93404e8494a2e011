import { tooManyRequests, publicError } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import { andThen, isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
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

/** An attempt at something that can be guessed. */
export interface LimitedAttempt<Result> {
  /** `isOwn`: strangers cannot use up what it is counted for, a known address or a device. */
  readonly attempt: (isOwn: boolean) => MaybePromise<Result>
  readonly isSuccess: (result: Result) => boolean
}

/**
 * Makes an attempt at a password, unless there were too many failures: then it is not even looked at, right or wrong, and the
 * request is answered 429 (RFC 6749 §4.3.2, §10.10). An attempt that throws has not failed.
 *
 * Deviation: 429 also for one account, and not `invalid_grant` (AUT-05). Names are counted as they are typed, whether there is such a
 * user or not, so the answer tells nothing of that, and a client can tell its user to wait.
 *
 * `device`: what is counted in place of everything else, for it proves a sign-in before.
 */
export function limitAttempts<Result>(
  services: ThrottleServices,
  by: AttemptedBy,
  { unknown, known, owner }: AttemptKeys,
  { attempt, isSuccess }: LimitedAttempt<Result>,
  device?: ThrottleKey,
): MaybePromise<Result> {
  const { throttle } = services
  if (throttle === undefined) return attempt(true)
  return andThen(device !== undefined || throttle.isKnown(known.key, owner), (isKnown: unknown) => {
    const isOwn = isKnown === true
    const counted = isOwn ? [device ?? known] : unknown
    return andThen(throttle.begin(counted, by.context.receivedAt), (begun) => {
      const allowed = requireAllowed(services, by, begun)
      const end = (outcome: AttemptOutcome): MaybePromise<void> =>
        andThen(allowed.end(outcome), () => (outcome === 'succeeded' ? throttle.remember(known.key, owner) : undefined))
      return settle(
        () => attempt(isOwn),
        isSuccess,
        (outcome) => regardless(services, by, () => end(outcome)),
      )
    })
  })
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
  return andThen(noteFailure(services, by, keys), (begun) => {
    if (begun !== undefined) requireAllowed(services, by, begun)
  })
}

/**
 * Tells of a token that is not known, and counts it for its address. Throws 429 when there were too many. Returns the reason, which is
 * asked for with `askWhy` while there were not: for the operator alone, so it holds nobody up for long, and may fail.
 */
export function countUnknownToken(
  services: ThrottleServices,
  by: AttemptedBy,
  reason: TokenRefusal,
  askWhy: () => MaybePromise<TokenRefusal | undefined> = () => undefined,
): MaybePromise<TokenRefusal> {
  return andThen(noteFailure(services, by, tokenKeys(by.context.address)), (begun) => {
    const isHeldUp = begun !== undefined && !isAllowed(begun)
    const asked = isHeldUp ? undefined : within(LONGEST_ASKING, regardless(services, by, askWhy))
    return andThen(asked, (found) => {
      const told = found === 'revoked' ? found : reason
      services.emit(by.context, { type: 'unknown_token', clientId: by.clientId, reason: told })
      if (isHeldUp) requireAllowed(services, by, begun)
      return told
    })
  })
}

/** Milliseconds for which an answer waits for a reason that it does not have in it. */
const LONGEST_ASKING = 500

/** Counts a failure, and returns what the throttle says; `undefined` when it is out of reach, or there is none. */
function noteFailure(
  services: ThrottleServices,
  by: AttemptedBy,
  keys: readonly ThrottleKey[],
): MaybePromise<AllowedAttempt | BlockedAttempt | undefined> {
  const { throttle } = services
  if (throttle === undefined) return undefined
  const counted = regardless(services, by, () =>
    andThen(throttle.begin(keys, by.context.receivedAt), (begun) =>
      isAllowed(begun) ? andThen(begun.end('failed'), () => begun) : begun,
    ),
  )
  return within(throttle.longestCounting, counted)
}

/**
 * Asks somebody else about a token, unless too many tokens from its address were none: then nothing is asked, and the request is answered
 * 429. Counters that are out of reach hold nobody up.
 */
export function limitQuestions<Result>(
  services: ThrottleServices,
  by: AttemptedBy,
  ask: () => MaybePromise<Result>,
  isGood: (result: Result) => boolean,
): MaybePromise<Result> {
  const { throttle } = services
  if (throttle === undefined) return ask()
  const keys = tokenKeys(by.context.address)
  return andThen(
    regardless(services, by, () => throttle.begin(keys, by.context.receivedAt)),
    (begun) => {
      if (begun === undefined) return ask()
      const allowed = requireAllowed(services, by, begun)
      return settle(ask, isGood, (outcome) => regardless(services, by, () => allowed.end(outcome)))
    },
  )
}

/** Waits for so many milliseconds, and goes on without a result then. */
function within<Result>(
  milliseconds: number | undefined,
  counted: MaybePromise<Result>,
): MaybePromise<Result | undefined> {
  if (milliseconds === undefined || !isPromiseLike(counted)) return counted
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  return Promise.race([counted, enough]).finally(() => {
    clearTimeout(timer)
  })
}

/** Throws 429 for an attempt that is blocked, and tells of it. */
export function requireAllowed(
  { emit }: ThrottleServices,
  { context, clientId }: AttemptedBy,
  begun: AllowedAttempt | BlockedAttempt,
): AllowedAttempt {
  if (isAllowed(begun)) return begun
  const { kind, retryAfterSeconds } = begun
  emit(context, { type: 'throttled', kind, clientId, retryAfterSeconds })
  throw tooManyRequests('Too many failed attempts', retryAfterSeconds)
}

/** Throws for what is neither: a throttle that answers anything else must not let everything pass. */
export function isAllowed(begun: AllowedAttempt | BlockedAttempt): begun is AllowedAttempt {
  const { end, retryAfterSeconds } = begun as Partial<Record<keyof AllowedAttempt, unknown>>
  if (retryAfterSeconds === undefined && typeof end === 'function') return true
  if (typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0) return false
  throw new TypeError(
    'Throttle.begin returned something that is not an attempt; it must have end() or retryAfterSeconds',
  )
}

export function settle<Result>(
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

/** Counts. What was decided stands also when the counters are out of reach: then the operator is told. */
export function regardless<Result>(
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
