import { checkBoolean, checkFunction, checkMethods, checkOptions } from '../errors/check-options.js'
import { OAuthError } from '../errors/oauth-error.js'
import { publicError } from '../errors/public-error.js'
import { emitError } from '../events.js'
import { bcryptHasher } from '../passwords/bcrypt-hasher.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import { checkScopeTokens } from '../protocol/check-scope-tokens.js'
import { andThen } from '../protocol/maybe-promise.js'
import type { RequestContext } from '../protocol/request-context.js'
import type { User, UserStore } from '../stores/user-store.js'
import type { GrantHandler, GrantRequest, UserAccess } from './grant-handler.js'

/** Longest user name and longest password, in octets of UTF-8. */
const MAX_OCTETS = 1024
const MAX_LABEL_LENGTH = 100
/** RFC 6749 appendix A.15 and A.16: any character but the controls and what is no character; a tab is allowed. */
const controls = /[\x00-\x08\x0A-\x1F\x7F\uFFFE\uFFFF]/

/** Settings of the password grant. */
export interface PasswordGrantOptions {
  /** The application's users. */
  readonly users: UserStore
  /** Default `bcryptHasher()`. */
  readonly hasher?: PasswordHasher
  /** The most that a token of this grant may have. Default: whatever the client may have. */
  readonly scopes?: readonly string[]
  /**
   * What the user may recognize the device by. Default: the form parameter `device_label` of the client, or else its `User-Agent`; the
   * first 100 characters of it.
   */
  readonly deviceLabel?: (context: RequestContext) => string | undefined
  /** Whether a public client may use the grant, without proof of what it is. Default false. */
  readonly allowPublicClients?: boolean
}

/**
 * The resource owner password credentials grant (RFC 6749 §4.3), for first-party applications that you cannot move to
 * another flow yet: RFC 9700 §2.4 says that it must not be used. It works only for clients with `firstParty: true`.
 */
export function passwordGrant(options: PasswordGrantOptions): GrantHandler {
  checkOptions('passwordGrant', options, ['users', 'hasher', 'scopes', 'deviceLabel', 'allowPublicClients'])
  const { users, hasher = bcryptHasher(), scopes, deviceLabel = ownDeviceLabel, allowPublicClients = false } = options
  checkMethods('passwordGrant.users', users, ['findUserByUsername', 'findUser'])
  checkMethods('passwordGrant.hasher', hasher, ['hash', 'verify', 'verifyNobody', 'needsRehash'])
  if (users.updatePasswordHash !== undefined) checkMethods('passwordGrant.users', users, ['updatePasswordHash'])
  if (scopes !== undefined) checkScopeTokens('passwordGrant.scopes', scopes)
  checkFunction('passwordGrant.deviceLabel', deviceLabel)
  checkBoolean('passwordGrant.allowPublicClients', allowPublicClients)
  const limit = scopes && new Set(scopes)
  return {
    grantType: 'password',
    warning: {
      code: 'password_grant_enabled',
      message:
        'The password grant is enabled. RFC 9700 section 2.4 says that it must not be used: keep it to first-party clients, and plan to leave it.',
    },
    async grantAccess(request) {
      const { client, parameters } = request
      if (client.firstParty !== true || (client.clientType === 'public' && !allowPublicClients)) {
        throw new OAuthError('unauthorized_client', 'This client may not use the password grant')
      }
      const username = checkCredential(parameters.require('username'))
      const password = checkCredential(parameters.require('password'))
      const user = await request.limitAttempts(
        username,
        () => authenticateUser(users, hasher, username, password, request),
        (found) => found !== undefined,
      )
      if (user === undefined) throw invalidUser()
      if (users.updatePasswordHash !== undefined && hasher.needsRehash(user.passwordHash)) {
        void rehash(users, hasher, user, password, request)
      }
      // Judged only now: what a user's scopes are is nobody's business before the password is known to be right.
      const scope = request.grantScope(limit)
      const label = deviceLabel(request.context)?.slice(0, MAX_LABEL_LENGTH)
      return { actsFor: 'user', userId: user.userId, scope, deviceLabel: label } satisfies UserAccess
    },
    confirmUser: (userId, context) =>
      andThen(users.findUser(userId, context), (found) => {
        const user = checkUser(found)
        return user?.userId === userId && !user.disabled
      }),
  }
}

function ownDeviceLabel({ parameters, userAgent }: RequestContext): string | undefined {
  return parameters.get('device_label') ?? userAgent
}

/** Refuses what no password can be before anything is looked up; the check depends on nothing but the input. */
function checkCredential(value: string): string {
  if (controls.test(value) || Buffer.byteLength(value) > MAX_OCTETS) {
    throw new OAuthError('invalid_request', 'The user name or the password is too long or has control characters')
  }
  return value
}

async function authenticateUser(
  users: UserStore,
  hasher: PasswordHasher,
  username: string,
  password: string,
  { client: { clientId }, context, emit }: GrantRequest,
): Promise<User | undefined> {
  const user = checkUser(await users.findUserByUsername(username, context))
  // Unknown user and wrong password: the same work, the same answer.
  if (user === undefined) {
    await hasher.verifyNobody(password)
    emit(context, { type: 'user_authentication_failed', clientId, userId: undefined, reason: 'unknown_user' })
    return undefined
  }
  const matches: unknown = await hasher.verify(password, user.passwordHash)
  if (matches === true && !user.disabled) return user
  const reason = matches === true ? 'disabled_user' : 'wrong_password'
  emit(context, { type: 'user_authentication_failed', clientId, userId: user.userId, reason })
  return undefined
}

/** Not awaited by the answer: a stronger hash must not make this sign-in slower than others. */
async function rehash(
  users: UserStore,
  hasher: PasswordHasher,
  { userId, passwordHash }: User,
  password: string,
  request: GrantRequest,
): Promise<void> {
  try {
    await users.updatePasswordHash?.(userId, await hasher.hash(password), passwordHash, request.context)
  } catch (cause) {
    emitError(request.emit, request.context, publicError(cause))
  }
}

function invalidUser(): OAuthError {
  return new OAuthError('invalid_grant', 'The user name or the password is wrong')
}

/**
 * Refuses what a store answers that is no user: no token may come of `true`, of `{}` or of a user without an id. Databases say
 * null for nobody.
 */
function checkUser(found: unknown): User | undefined {
  if (found === undefined || found === null) return undefined
  const { userId, passwordHash } = found as Readonly<Record<keyof User, unknown>>
  if (typeof userId === 'string' && userId !== '' && typeof passwordHash === 'string') return found as User
  throw new TypeError('The UserStore answered something that is not a User')
}
