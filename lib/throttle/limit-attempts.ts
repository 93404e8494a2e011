import { tooManyRequests, publicError } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import { andThen, isPromiseLike, orElse, type MaybePromise } from '../time/maybe-promise.js'
import { withinTime } from '../time/within-time.js'
import type { RequestContext } from '../request/request-context.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { AllowedAttempt, AttemptOutcome, BlockedAttempt, Throttle, ThrottleKey } from './throttle.js'
import { tokenKeys, type AttemptKeys } from './throttle-keys.js'

/** The services for limiting attempts. */
export interface ThrottleServices {
  /** Absent: attempts are not limited. */
  readonly throttle: Throttle | undefined
  readonly emit: Emit
}

/** Who makes an attempt, for events. */
export interface AttemptedBy {
  readonly context: RequestContext
  /** Absent for a token, and for an unknown client. */
  readonly clientId: string | undefined
}

/** An attempt at something that can be guessed. */
export interface LimitedAttempt<Result> {
  /** `isOwn`: it is counted for a known address or device, whose attempts an attacker elsewhere cannot use up. */
  readonly attempt: (isOwn: boolean) => MaybePromise<Result>
  readonly isSuccess: (result: Result) => boolean
}

/**
 * Makes an attempt at a password or a client secret that a person chose. After too many failures it is not even checked, right or wrong,
 * and the response is 429 (RFC 6749 §4.3.2, §10.10). An attempt that throws does not count as a failure.
 *
 * Deviation: 429 even for a single account, and not the `invalid_grant` of a wrong password (AUT-05 in docs/conformance.md). Names are counted as typed, whether or not the user exists,
 * so 429 does not reveal that; and a client can tell its user to wait.
 *
 * If `device` is given, it is counted instead of everything else, because it proves an earlier sign-in.
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
        (outcome) => bestEffort(services, by, () => end(outcome)),
      )
    })
  })
}

/**
 * Counts a failure at something that cannot be guessed, a secret or a token of 256 random bits. Attempts at these are not limited: the
 * owner of the right one is never throttled. Throws 429 after too many failures; does nothing if the counters cannot be reached.
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
 * Counts an unknown token for its address, and emits an event. Throws 429 after too many. Otherwise returns the reason, for the operator:
 * `revoked` if `askWhy` says so. The response waits for `askWhy` only a short time, and ignores its errors.
 */
export function countUnknownToken(
  services: ThrottleServices,
  by: AttemptedBy,
  reason: TokenRefusal,
  askWhy: () => MaybePromise<TokenRefusal | undefined> = () => undefined,
): MaybePromise<TokenRefusal> {
  return andThen(noteFailure(services, by, tokenKeys(by.context.address)), (begun) => {
    const isThrottled = begun !== undefined && !isAllowed(begun)
    const asked = isThrottled ? undefined : within(LONGEST_ASKING, bestEffort(services, by, askWhy))
    return andThen(asked, (found) => {
      const shown = found === 'revoked' ? found : reason
      services.emit(by.context, { type: 'unknown_token', clientId: by.clientId, reason: shown })
      if (isThrottled) requireAllowed(services, by, begun)
      return shown
    })
  })
}

/** Milliseconds that a response waits for `askWhy`, whose result is only for the operator. */
const LONGEST_ASKING = 500

/** Counts a failure, and returns the result of the throttle; `undefined` if it cannot be reached, or there is none. */
function noteFailure(
  services: ThrottleServices,
  by: AttemptedBy,
  keys: readonly ThrottleKey[],
): MaybePromise<AllowedAttempt | BlockedAttempt | undefined> {
  const { throttle } = services
  if (throttle === undefined) return undefined
  const counted = bestEffort(services, by, () =>
    andThen(throttle.begin(keys, by.context.receivedAt), (begun) =>
      isAllowed(begun) ? andThen(begun.end('failed'), () => begun) : begun,
    ),
  )
  return within(throttle.longestCounting, counted)
}

/**
 * Asks another server about a token. After too many invalid tokens from the same address, throws 429 and does not ask. Asks in any case if
 * the counters cannot be reached.
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
    bestEffort(services, by, () => throttle.begin(keys, by.context.receivedAt)),
    (begun) => {
      if (begun === undefined) return ask()
      const allowed = requireAllowed(services, by, begun)
      return settle(ask, isGood, (outcome) => bestEffort(services, by, () => allowed.end(outcome)))
    },
  )
}

/** Waits for the result of {@link bestEffort}, which never rejects; after the time limit, goes on without it. */
function within<Result>(
  milliseconds: number | undefined,
  result: MaybePromise<Result>,
): MaybePromise<Result | undefined> {
  if (milliseconds === undefined || !isPromiseLike(result)) return result
  return withinTime(milliseconds, result, () => new Error('Late')).catch(() => undefined)
}

/** Throws 429 for a blocked attempt, and emits an event. */
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

/** Throws for anything that is neither: a broken throttle must not let everything pass. */
export function isAllowed(begun: AllowedAttempt | BlockedAttempt): begun is AllowedAttempt {
  const { end, retryAfterSeconds } = begun as Partial<Record<keyof AllowedAttempt, unknown>>
  if (retryAfterSeconds === undefined && typeof end === 'function') return true
  if (typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0) return false
  throw new TypeError(
    'Throttle.begin returned something that is not an attempt; it must have end() or retryAfterSeconds',
  )
}

/** Makes an attempt and ends it with its outcome: `cancelled` if it throws. */
export function settle<Result>(
  attempt: () => MaybePromise<Result>,
  isSuccess: (result: Result) => boolean,
  end: (outcome: AttemptOutcome) => MaybePromise<unknown>,
): MaybePromise<Result> {
  return orElse(
    () => andThen(attempt(), (result) => andThen(end(isSuccess(result) ? 'succeeded' : 'failed'), () => result)),
    (error) =>
      andThen(end('cancelled'), () => {
        throw error
      }),
  )
}

/** Updates the counters. Failing to do so does not change the decision; it is reported as an event. */
export function bestEffort<Result>(
  { emit }: ThrottleServices,
  { context }: AttemptedBy,
  count: () => MaybePromise<Result>,
): MaybePromise<Result | undefined> {
  return orElse(count, (error) => {
    emitError(emit, context, publicError(error))
    return undefined
  })
}
