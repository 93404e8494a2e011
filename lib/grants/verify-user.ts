import { checkInterface } from '../checks/check-interface.js'
import { checkFunction } from '../checks/option-kind.js'
import { publicError } from '../errors/refusal.js'
import { wrongAnswer } from '../errors/wrong-answer.js'
import { emitError } from '../telemetry/emit.js'
import type { UserRefusal } from '../errors/refusal-reason.js'
import { findUnreadable, type PasswordHasher } from '../passwords/password-hasher.js'
import type { UnreadableHash } from '../passwords/unreadable-hash.js'
import { andThen, isUnwantedPromise, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { User, UserStore, VerifyingUserStore } from '../stores/user-store.js'
import { comparableName } from '../throttle/comparable-name.js'
import type { AllowedGuess, GuessedAccount } from '../throttle/limit-sign-in.js'
import type { GrantRequest } from './grant-handler.js'
import { checkKnownUser, checkUser } from './check-user.js'

/** What came of a name and a password, as far as the client may know of it. */
export type SignInOutcome =
  | { readonly outcome: 'ok'; readonly userId: string; readonly isKnown: boolean | undefined }
  | Denied
  | { readonly outcome: 'challenge'; readonly userId: string | undefined }

/** The sign-in is refused; the reason is for the operator. */
interface Denied {
  readonly outcome: 'denied'
  readonly reason: UserRefusal
  /** Absent when there is no such user. */
  readonly userId: string | undefined
}

/** What somebody typed, and what their device kept. */
export interface SignIn extends Pick<GuessedAccount, 'deviceToken' | 'onTooManyFailures'> {
  readonly username: string
  readonly password: string
}

/** How the password grant comes to know its users. */
export interface UserVerifier {
  /**
   * Verifies a password, within the limits of attempts; a refusal is told as an event. Rejects where the store returns something that is
   * not one of its answers, and with 429.
   */
  readonly verifyUser: (signIn: SignIn, request: GrantRequest) => MaybePromise<SignInOutcome>
  /** Whether a user may still use what was granted. */
  readonly confirmUser: (userId: string, context: RequestContext) => MaybePromise<boolean>
}

/** Milliseconds after which a user is looked up again: meanwhile the password may have changed, while others of the name were tried. */
const STALE = 1000

/** Makes the verifier of a store: one that verifies by itself, or one that finds. Throws `ConfigurationError` for neither. */
export function userVerifier(users: UserStore | VerifyingUserStore, hasher: PasswordHasher): UserVerifier {
  return isVerifying(users) ? verifierOfVerifying(users) : verifierOfFinding(users, hasher)
}

function isVerifying(users: UserStore | VerifyingUserStore): users is VerifyingUserStore {
  // Without a compiler it may be anything: `checkInterface` names what is missing.
  const { authenticateUser } = Object(users) as Partial<VerifyingUserStore>
  return authenticateUser !== undefined
}

function verifierOfVerifying(users: VerifyingUserStore): UserVerifier {
  checkInterface('passwordGrant.users', users, 'VerifyingUserStore')
  return {
    verifyUser: ({ username, password, ...kept }, request) =>
      request.limitAttempts(
        { name: username, ...kept },
        async ({ isKnown }): Promise<SignInOutcome> => {
          const answer: unknown = await users.authenticateUser(username, password, request.context)
          const { outcome, userId } = Object(answer) as { readonly outcome?: unknown; readonly userId?: unknown }
          const isId = typeof userId === 'string' && userId !== ''
          if (outcome === 'ok' && isId) return { outcome, userId, isKnown }
          const denied = deny(request, isId ? userId : undefined, reasonOf(outcome, userId))
          return denied.reason === 'challenged' ? { outcome: 'challenge', userId: denied.userId } : denied
        },
        isSuccess,
      ),
    confirmUser: (userId, context) =>
      andThen(users.findUser(userId, context), (found) => {
        const user = checkKnownUser(found, 'UserStore.findUser')
        return user?.userId === userId && !user.disabled
      }),
  }
}

function reasonOf(outcome: unknown, userId: unknown): UserRefusal {
  if (outcome === 'denied') return 'denied'
  if (outcome === 'locked') return 'user_locked'
  if (outcome === 'challenge') return 'challenged'
  // Also `ok` without an id: no token may come of anything but a proper answer.
  const method = 'UserStore.authenticateUser'
  if (outcome === 'ok') throw wrongAnswer(method, 'a userId', userId)
  throw typeof outcome === 'string'
    ? new TypeError(`${method} returned an outcome that is not one of ok, denied, locked and challenge`)
    : wrongAnswer(method, 'an outcome', outcome, 'ok, denied, locked or challenge')
}

function verifierOfFinding(users: UserStore, hasher: PasswordHasher): UserVerifier {
  checkInterface('passwordGrant.users', users, 'UserStore')
  checkFunction(
    'passwordGrant.users.updatePasswordHash',
    (users as { readonly updatePasswordHash?: unknown }).updatePasswordHash,
  )
  const tellUnreadable = unreadableHashTeller()
  /** Whether the store gives the names of all users that it has found so far. */
  let givesNames: boolean | undefined

  /** Finds the user of a name. A user whose name folds to another one is not found: its failures are counted elsewhere. */
  async function findUser(username: string, context: RequestContext): Promise<Found> {
    const user = checkUser(await users.findUserByUsername(username, context), 'UserStore.findUserByUsername')
    if (user === undefined) return nobody
    if (typeof user.username !== 'string') {
      givesNames = false
      return { user }
    }
    givesNames ??= true
    return comparableName(user.username) === comparableName(username)
      ? { user }
      : { user: undefined, other: user.userId }
  }

  return {
    async verifyUser({ username, password, ...kept }, request) {
      const { user: found, other } = await findUser(username, request.context)
      const foundAt = performance.now()
      // Unknown until a user is found: then failures are counted for the user as well, the same work for an unknown user.
      const account = { name: username, found: { userId: found?.userId }, countsUser: givesNames !== true, ...kept }
      return request.limitAttempts(
        account,
        async (allowed): Promise<SignInOutcome> => {
          const { party, isHeldUp } = allowed
          const isOld = performance.now() - foundAt > STALE
          const current = isOld ? (await findUser(username, request.context)).user : found
          const user = current?.userId === found?.userId ? current : undefined
          // Unknown user, wrong password, and too many failures: the same work, the same answer.
          if (user === undefined || isHeldUp) {
            await hasher.verifyNobody(password, party)
            if (isHeldUp) return deny(request, user?.userId, 'too_many_failures')
            return deny(request, other, other === undefined ? 'unknown_user' : 'other_username')
          }
          return verify(user, password, allowed, request)
        },
        isSuccess,
      )
    },
    confirmUser: (userId, context) =>
      andThen(users.findUser(userId, context), (found) => {
        const user = checkUser(found, 'UserStore.findUser')
        return user?.userId === userId && !user.disabled
      }),
  }

  async function verify(
    user: User,
    password: string,
    { party, isKnown }: AllowedGuess,
    request: GrantRequest,
  ): Promise<SignInOutcome> {
    const { userId, passwordHash } = user
    const matches: unknown = await hasher.verify(password, passwordHash, party)
    if (matches !== true) {
      // Looked at only now: until then a hash that cannot be read has cost the work of any other.
      const unreadable = findUnreadable(hasher, passwordHash)
      if (unreadable !== undefined) tellUnreadable(request, userId, unreadable)
      return deny(request, userId, unreadable === undefined ? 'wrong_password' : 'unreadable_hash')
    }
    if (user.disabled || user.locked) {
      return deny(request, userId, user.disabled ? 'user_disabled' : 'user_locked')
    }
    const needsRehash: unknown = users.updatePasswordHash !== undefined && hasher.needsRehash(passwordHash)
    if (!isUnwantedPromise(needsRehash) && needsRehash === true) {
      void rehash(users, hasher, user, { password, party }, request)
    }
    return { outcome: 'ok', userId, isKnown }
  }
}

/** Whom a store found for a name. */
interface Found {
  readonly user: User | undefined
  /** The id of a user of another name, who counts as unknown. */
  readonly other?: string
}

const nobody: Found = { user: undefined }

/** What is guessed is the password. */
function isSuccess({ outcome }: SignInOutcome): boolean {
  return outcome !== 'denied'
}

/** Not awaited by the answer: a stronger hash must not make this sign-in slower than others. */
async function rehash(
  users: UserStore,
  hasher: PasswordHasher,
  { userId, passwordHash }: User,
  { password, party }: { readonly password: string; readonly party: string },
  request: GrantRequest,
): Promise<void> {
  try {
    await users.updatePasswordHash?.(userId, await hasher.hash(password, party), passwordHash, request.context)
  } catch (cause) {
    emitError(request.server.emit, request.context, publicError(cause))
  }
}

/** Tells the operator why. */
function deny(
  { client: { clientId }, context, server }: GrantRequest,
  userId: string | undefined,
  reason: UserRefusal,
): Denied {
  server.emit(context, { type: 'user_authentication_failed', clientId, userId, reason })
  return { outcome: 'denied', reason, userId }
}

/** A hasher of the application may make up what it says. */
const MOST_KINDS = 20

/** Makes a function that warns of hashes which the hasher cannot read: once for each kind, for there may be a table full of them. */
function unreadableHashTeller(): (request: GrantRequest, userId: string, hash: UnreadableHash) => void {
  const told = new Set<string>()
  return ({ server, context }, userId, { looksLike, remedy = anotherHasher }) => {
    if (told.has(looksLike) || told.size >= MOST_KINDS) return
    told.add(looksLike)
    const message = `The password hash of user ${userId} looks like ${looksLike}, which the hasher cannot read. ${remedy}.`
    server.emit(context, { type: 'warning', code: 'unreadable_hash', message, userId })
  }
}

const anotherHasher = 'Give passwordGrant the hasher that made it, or store what bcryptHasher().hash(password) returns'
