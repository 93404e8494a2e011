import { publicError } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import { andThen, isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { Sealing } from '../crypto/sealing.js'
import { openDeviceToken } from './device-token.js'
import {
  isAllowed,
  limitAttempts,
  regardless,
  requireAllowed,
  settle,
  type LimitedAttempt,
  type ThrottleServices,
} from './limit-attempts.js'
import type { Places } from './places.js'
import type { Throttle } from './throttle.js'
import { accountKeys, deviceKey, inARowKey, type AccountKeys } from './throttle-keys.js'

/** Which account somebody tries to guess at. */
export interface GuessedAccount {
  /** As typed. */
  readonly name: string
  /** The user whom the store found by this name before anything was verified, or nobody. Absent: nothing was looked up. */
  readonly found?: { readonly userId: string | undefined } | undefined
  /** Whether failures count for the user who was found, too: the store may know more spellings of a name than are folded here. */
  readonly countsUser?: boolean | undefined
  /** The token of the device, as presented. */
  readonly deviceToken?: string | undefined
  /** Called after each hundred failures in a row at one user, at all clients. */
  readonly onTooManyFailures?: ((failures: TooManyFailures, context: RequestContext) => unknown) | undefined
}

/** Failures at one user since the last success. */
export interface TooManyFailures {
  readonly userId: string
  /** A multiple of 100. */
  readonly failures: number
  /** The client of the last one. */
  readonly clientId: string
}

/** An attempt at an account that may go on. */
export interface AllowedGuess {
  /** For whom work is done: see `PasswordHasher`. */
  readonly party: string
  /**
   * There were too many failures at this user under other spellings. The attempt must do the work of one that fails, and fail: a 429 would
   * tell that they are one user.
   */
  readonly isHeldUp: boolean
  /** Whether the user signed in from this address before, or with this device token. Absent: nobody counts. */
  readonly isKnown: boolean | undefined
}

/** What limiting sign-ins works with. */
export interface SignInServices extends ThrottleServices {
  readonly places: Places
  readonly sealing: Sealing
}

/** A sign-in at a client. */
export interface SignInBy {
  readonly context: RequestContext
  readonly clientId: string
  /** The address of the user, which failures are counted for. */
  readonly address: string | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** How many attempts of one user, and from one address, may be under way at once where strangers do not count. */
const AT_ONE_ACCOUNT = 5
const AT_ONE_ADDRESS = 20

/** NIST SP 800-63B §5.2.2: no more consecutive failures than these, without something being done. */
const TOO_MANY = 100

/** Makes an attempt at the password of an account, as {@link limitAttempts} does. */
export function limitSignIn<Result>(
  services: SignInServices,
  by: SignInBy,
  account: GuessedAccount,
  attempt: (allowed: AllowedGuess) => MaybePromise<Result>,
  isSuccess: (result: Result) => boolean,
): MaybePromise<Result> {
  const { throttle, sealing } = services
  const { name, found } = account
  const keys = accountKeys(by.clientId, name, by.address, found)
  const allowed: AllowedGuess = { party: keys.party, isHeldUp: false, isKnown: undefined }
  if (throttle === undefined) return attempt(allowed)
  const owner = {
    clientId: by.clientId,
    username: name,
    userId: found === undefined ? undefined : (found.userId ?? ''),
  }
  const deviceId = openDeviceToken(sealing, account.deviceToken, owner, by.now)
  const counted: LimitedAttempt<Result> = {
    attempt: (isKnown) =>
      andThen(attempt({ ...allowed, isKnown }), (result) =>
        andThen(
          regardless(services, by, () => countInARow(services, throttle, by, account, isSuccess(result))),
          () => result,
        ),
      ),
    isSuccess,
  }
  const limited: LimitedAttempt<Result> = {
    attempt(isOwn) {
      if (isOwn) return withPlaces(services, by, keys, () => counted.attempt(true))
      if (account.countsUser !== true) return counted.attempt(false)
      return limitAtUser(services, throttle, by, keys, counted, () => attempt({ ...allowed, isHeldUp: true }))
    },
    isSuccess,
  }
  return limitAttempts(services, by, keys, limited, deviceId === undefined ? undefined : deviceKey(deviceId))
}

/** Who comes from a known address takes no place that strangers count, and must not fill the queue of the hasher all the same. */
function withPlaces<Result>(
  services: SignInServices,
  by: SignInBy,
  { who, network }: AccountKeys,
  work: () => MaybePromise<Result>,
): MaybePromise<Result> {
  const { places } = services
  const keys = [
    { kind: 'known_account', key: who, limit: AT_ONE_ACCOUNT },
    { kind: 'address', key: network, limit: AT_ONE_ADDRESS },
  ] as const
  return andThen(places.take(keys), (blocked) => {
    if (blocked !== undefined) requireAllowed(services, by, blocked)
    return settle(
      work,
      () => true,
      () => {
        places.giveBack(keys)
      },
    )
  })
}

/** Counts for the user who was found. What is too much fails like a wrong password: the name alone decides who is told 429. */
function limitAtUser<Result>(
  services: SignInServices,
  throttle: Throttle,
  by: SignInBy,
  { user }: AccountKeys,
  { attempt, isSuccess }: LimitedAttempt<Result>,
  holdUp: () => MaybePromise<Result>,
): MaybePromise<Result> {
  return andThen(throttle.begin([user], by.context.receivedAt), (begun) =>
    isAllowed(begun)
      ? settle(
          () => attempt(false),
          isSuccess,
          (outcome) => regardless(services, by, () => begun.end(outcome)),
        )
      : holdUp(),
  )
}

function countInARow(
  { emit }: SignInServices,
  throttle: Throttle,
  { context, clientId }: SignInBy,
  { found, onTooManyFailures }: GuessedAccount,
  isSuccess: boolean,
): MaybePromise<void> {
  const userId = found?.userId
  if (isSuccess) return userId === undefined ? undefined : throttle.clearInARow?.(inARowKey(userId))
  return andThen(throttle.countInARow?.(userId === undefined ? undefined : inARowKey(userId)), (failures) => {
    if (userId === undefined || failures === undefined || failures === 0 || failures % TOO_MANY !== 0) return
    emit(context, { type: 'account_failures', clientId, userId, failures })
    try {
      const called = onTooManyFailures?.({ userId, failures, clientId }, context)
      // The answer does not wait for it: how long that takes would tell.
      if (isPromiseLike(called)) called.then(undefined, tell)
    } catch (error) {
      tell(error)
    }
  })

  function tell(error: unknown): void {
    emitError(emit, context, publicError(error))
  }
}
