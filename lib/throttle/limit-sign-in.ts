import { publicError } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import { andThen, orElse, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { Sealing } from '../crypto/sealing.js'
import { openDeviceToken } from './device-token.js'
import {
  bestEffort,
  isAllowed,
  limitAttempts,
  requireAllowed,
  settle,
  type LimitedAttempt,
  type ThrottleServices,
} from './limit-attempts.js'
import type { Places } from './places.js'
import type { Throttle } from './throttle.js'
import { accountKeys, deviceKey, inARowKey, type AccountKeys } from './throttle-keys.js'

/** The account that a sign-in is for. */
export interface GuessedAccount {
  /** As typed. */
  readonly name: string
  /** The user that the store found by this name, before the password is verified. Absent: the store was not asked. */
  readonly found?: { readonly userId: string | undefined } | undefined
  /** Whether failures are also counted for the user who was found: the store may accept more spellings than are folded here. */
  readonly countsUser?: boolean | undefined
  /** The token of the device, as presented. */
  readonly deviceToken?: string | undefined
  /** Called after each hundred failures in a row for one user, at all clients. */
  readonly onTooManyFailures?: ((failures: TooManyFailures, context: RequestContext) => unknown) | undefined
}

/** The failures for one user since the last success. */
export interface TooManyFailures {
  readonly userId: string
  /** A multiple of 100. */
  readonly failures: number
  /** The client of the last one. */
  readonly clientId: string
}

/** A sign-in that may go on. */
export interface AllowedGuess {
  /** The party that the password hasher works for: see `PasswordHasher`. */
  readonly party: string
  /**
   * There were too many failures for this user under other spellings of the name. The attempt must fail, and take as long as a wrong
   * password: a 429 would reveal that both spellings are one user.
   */
  readonly isHeldUp: boolean
  /** Whether the user signed in from this address, or with this device token, before. Absent: attempts are not counted. */
  readonly isKnown: boolean | undefined
}

/** The services for limiting sign-ins. */
export interface SignInServices extends ThrottleServices {
  readonly places: Places
  readonly sealing: Sealing
}

/** Where a sign-in comes from. */
export interface SignInBy {
  readonly context: RequestContext
  readonly clientId: string
  /** The address of the user, for which failures are counted. */
  readonly address: string | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** How many attempts for one user, and from one address, may be pending at once if they come from a known address or device. */
const AT_ONE_ACCOUNT = 5
const AT_ONE_ADDRESS = 20

/** NIST SP 800-63B §5.2.2: after at most this many consecutive failures, something must be done. */
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
          bestEffort(services, by, () => countInARow(services, throttle, by, account, isSuccess(result))),
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

/** Limits the pending attempts from a known address or device, so that they do not fill the queue of the password hasher. */
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

/** Counts failures for the user who was found. After too many, the attempt fails like a wrong password: 429 depends on the name only. */
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
          (outcome) => bestEffort(services, by, () => begun.end(outcome)),
        )
      : holdUp(),
  )
}

/** Counts the failures of a user since the last success; after each hundred, emits an event and calls the hook. */
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
    // The response does not wait for the hook: its duration would reveal that the user exists.
    void orElse(
      () => onTooManyFailures?.({ userId, failures, clientId }, context),
      (error) => {
        emitError(emit, context, publicError(error))
      },
    )
  })
}
