import { describeOptions } from '../checks/describe-options.js'
import { checkedBy, checkedLater, flag, func, scopeList } from '../checks/option-kind.js'
import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import type { UserRefusal } from '../errors/refusal-reason.js'
import { noticedWarning } from '../telemetry/emit.js'
import { bcryptHasher } from '../passwords/bcrypt-hasher.js'
import { checkHasher, type PasswordHasher } from '../passwords/password-hasher.js'
import { clientText } from './client-text.js'
import { isUnwantedPromise } from '../time/maybe-promise.js'
import { newFindings, type PostureFinding } from '../telemetry/operator-events.js'
import type { RequestContext } from '../request/request-context.js'
import type { UserStore, VerifyingUserStore } from '../stores/user-store.js'
import type { TooManyFailures } from '../throttle/limit-sign-in.js'
import type { Scope } from '../protocol/scope.js'
import type { UserAccess } from '../tokens/granted-access.js'
import type { GrantHandler, GrantRequest } from './grant-handler.js'
import { paceOf, timesPerDay } from './pace.js'
import { checkDeprecationUrl, tellPasswordSunset } from './password-sunset.js'
import { userVerifier } from './verify-user.js'

/** The longest user name and password, in bytes of UTF-8. */
const MAX_OCTETS = 1024
/** RFC 6749 appendix A.15 and A.16: any character except controls and invalid characters. A tab is allowed. */
const controls = /[\x00-\x08\x0A-\x1F\x7F\uFFFE\uFFFF]/

/** Settings of the password grant. */
export interface PasswordGrantOptions {
  /** The application's users: a store that finds them, or one that verifies their passwords. */
  readonly users: UserStore | VerifyingUserStore
  /** Hashes and verifies passwords. Default `bcryptHasher()`. Not used with a store that verifies passwords. */
  readonly hasher?: PasswordHasher
  /** The scopes that a token of this grant may have at most. Default: those of the client. */
  readonly scopes?: readonly string[]
  /**
   * Returns a label by which the user recognizes the device. It is stored as one line without controls and invisible marks, of at most 100
   * characters (400 bytes). Default: the form parameter `device_label`, else the `User-Agent`.
   */
  readonly deviceLabel?: (context: RequestContext) => string | undefined
  /** Whether a public client, which cannot authenticate, may use the grant. Default false. */
  readonly allowPublicClients?: boolean
  /**
   * Whether the response to a sign-in has a `device_token`, which the client keeps on the device and sends with the next sign-in. It gives the
   * user their own attempts, which strangers who guess at the name cannot use up. Several processes need the server option `secret`.
   * Default false.
   */
  readonly deviceTokens?: boolean
  /**
   * Called after each 100 failures in a row for one user, over all clients (NIST SP 800-63B §5.2.2), to lock the account or to write to the
   * user. The response does not wait for it. Default: only the event `account_failures`.
   */
  readonly onTooManyFailures?: (failures: TooManyFailures, context: RequestContext) => unknown
  /**
   * The page that says how to leave the grant: a `Link` of the type `deprecation` (RFC 9745 §3) on responses to clients for which the grant is
   * deprecated. Default: none.
   */
  readonly deprecationUrl?: string
  /**
   * How often a user may sign in at a client in a day: all of it at once, then evenly; more is refused with 429. It bounds what one user can
   * store, and is counted in each process. Default 8,640, at most 86,400,000.
   */
  readonly signInsPerDay?: number
}

const description = describeOptions<PasswordGrantOptions>()('passwordGrant', {
  users: checkedLater<UserStore | VerifyingUserStore>('a UserStore or VerifyingUserStore').required(),
  hasher: checkedBy('a PasswordHasher', checkHasher),
  scopes: scopeList(),
  deviceLabel: func<NonNullable<PasswordGrantOptions['deviceLabel']>>().or(ownDeviceLabel),
  allowPublicClients: flag().or(false),
  deviceTokens: flag().or(false),
  onTooManyFailures: func(),
  deprecationUrl: checkedBy('an http or https URL', checkDeprecationUrl),
  signInsPerDay: timesPerDay(),
})

/**
 * Creates the resource owner password credentials grant (RFC 6749 §4.3), for first-party applications that cannot be moved to another flow
 * yet: RFC 9700 §2.4 says that it must not be used. It works only for clients with `firstParty: true`.
 *
 * @example
 * ```ts
 * const grants = [passwordGrant({ users }), refreshTokenGrant()]
 * ```
 */
export function passwordGrant(options: PasswordGrantOptions): GrantHandler {
  const { users, hasher = bcryptHasher(), scopes, deviceLabel, allowPublicClients, ...more } = description.read(options)
  const { deviceTokens, onTooManyFailures, signInsPerDay } = more
  const deprecationUrl = more.deprecationUrl && new URL(more.deprecationUrl).href
  const noticedWeaknesses = (): readonly PostureFinding[] => hasher.weaknesses?.() ?? []
  const newWeaknesses = newFindings(noticedWeaknesses)
  const { verifyUser, confirmUser } = userVerifier(users, hasher)
  const takeSignIn = paceOf('sign_in', signInsPerDay)
  const limit = scopes && new Set(scopes)
  return {
    grantType: 'password',
    scopeLimit: limit,
    weaknesses: allowPublicClients ? [publicClientsAllowed] : [],
    noticedWeaknesses,
    usesSecret: deviceTokens,
    warning: {
      code: 'password_grant_enabled',
      message:
        'The password grant is enabled. RFC 9700 section 2.4 says that it must not be used: keep it to first-party clients, and plan to leave it.',
    },
    async grantAccess(request) {
      const { client, parameters } = request
      tellPasswordSunset(request, deprecationUrl)
      if (client.firstParty !== true) throw notForClient('not_first_party')
      if (client.clientType === 'public' && !allowPublicClients) throw notForClient('public_client')
      const username = checkCredential('username', parameters.require('username'))
      const password = checkCredential('password', parameters.require('password'))
      const deviceToken = deviceTokens ? parameters.get('device_token') : undefined
      const signIn = await verifyUser({ username, password, deviceToken, onTooManyFailures }, request)
      for (const finding of newWeaknesses()) request.server.emit(request.context, noticedWarning(finding))
      if (signIn.outcome === 'denied') throw invalidUser(signIn.reason, signIn.userId)
      if (signIn.outcome === 'challenge') throw challenged(signIn.userId)
      // Only now: the scopes of a user are not revealed before the password is known to be right.
      const scope = scopeFor(signIn.userId, request, limit)
      const label = checkLabel(deviceLabel(request.context))
      const { userId, isKnown } = signIn
      takeSignIn(request, `${client.clientId} ${userId}`)
      return {
        actsFor: 'user',
        userId,
        scope,
        deviceLabel: label,
        isKnownDevice: isKnown,
        deviceToken: deviceTokens ? request.server.createDeviceToken(request, userId, username) : undefined,
      } satisfies UserAccess
    },
    confirmUser,
  }
}

const publicClientsAllowed: PostureFinding = {
  code: 'public_password_client',
  reason: 'Clients that cannot prove what they are may collect passwords (allowPublicClients)',
  remedy: 'Give the apps a server part that holds a secret, or move them to the authorization code flow with PKCE',
}

/** The password was right: an event says so, for an attacker could test passwords with a scope that is refused. */
function scopeFor(
  userId: string,
  { grantScope, server, context, client }: GrantRequest,
  limit: ReadonlySet<string> | undefined,
): Scope {
  try {
    return grantScope(limit)
  } catch (error) {
    server.emit(context, {
      type: 'user_authentication_failed',
      clientId: client.clientId,
      userId,
      reason: 'scope_refused',
    })
    throw error
  }
}

/** Treats null as absent. */
function checkLabel(label: unknown): string | undefined {
  if (label === undefined || label === null) return undefined
  if (isUnwantedPromise(label) || typeof label !== 'string') throw new TypeError('deviceLabel answered no text')
  return clientText(label)
}

function ownDeviceLabel({ parameters, userAgent }: RequestContext): string | undefined {
  return parameters.get('device_label') ?? userAgent
}

/** Refuses impossible names and passwords before any look-up. The check depends only on the input. */
function checkCredential(name: 'username' | 'password', value: string): string {
  const length = Buffer.byteLength(value)
  if (!controls.test(value) && length <= MAX_OCTETS) return value
  const detail = length > MAX_OCTETS ? `${name} has ${String(length)} bytes` : `${name} has a control character`
  const description = 'The user name or the password is too long or has control characters'
  throw refusal('invalid_request', 'credential_form', description, { detail })
}

function notForClient(reason: 'not_first_party' | 'public_client'): OAuthError {
  return refusal('unauthorized_client', reason, 'This client may not use the password grant')
}

function invalidUser(reason: UserRefusal, userId: string | undefined): OAuthError {
  return refusal('invalid_grant', reason, 'The user name or the password is wrong', { userId })
}

/** Reveals that the password was right, which its owner may know. A store that does not want to reveal it returns `denied`. */
function challenged(userId: string | undefined): OAuthError {
  const description = 'The sign-in needs another step, which this grant does not have'
  return refusal('invalid_grant', 'challenged', description, { userId })
}
