import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { Emit } from '../telemetry/events.js'
import type { Clock } from '../time/clock.js'
import type { MaybePromise } from '../time/maybe-promise.js'
import type { Parameters } from '../protocol/parameters.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import type { RequestContext } from '../request/request-context.js'
import type { Scope } from '../protocol/scope.js'
import type { TokenHash } from '../crypto/hash.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization, RefreshTokenRecord, TokenStore } from '../stores/token-store.js'
import type { AllowedGuess, GuessedAccount } from '../throttle/limit-sign-in.js'

/**
 * One grant type. A handler decides what is granted; it issues nothing, changes nothing and writes no answer. The built-in
 * ones and an application's own are registered alike, in `grants: [...]`.
 */
export interface GrantHandler {
  /** The value of `grant_type`: a name of RFC 6749, or an absolute URI for a grant of your own (RFC 6749 §4.5). */
  readonly grantType: string
  /**
   * Decides a request of an authenticated client that is registered for this grant type. Throws `OAuthError` to refuse; any
   * other exception is answered with `server_error`, a `StoreUnavailableError` with 503.
   */
  grantAccess(request: GrantRequest): MaybePromise<GrantedAccess>
  /**
   * Whether a user to whom this grant once gave a refresh token may still use it; asked at each refresh. Absent: yes.
   */
  confirmUser?(userId: string, context: RequestContext): MaybePromise<boolean>
  /** The most that a token of this grant may have, at sign-in and again at each refresh. Absent: what the client may have. */
  readonly scopeLimit?: ReadonlySet<string> | undefined
  /** Refuses a token store that this grant cannot work with, when the server is made: throws `ConfigurationError`. Absent: any will do. */
  checkTokenStore?(tokens: TokenStore): void
  /** Settings of this grant that are weaker than they need be. Absent: none. */
  readonly weaknesses?: readonly PostureFinding[]
  /** What it noticed while it served requests that is weaker than it need be, for `posture()`. Absent: nothing. */
  noticedWeaknesses?(): readonly PostureFinding[]
  /** Whether it seals what clients keep, for which the processes of a server need one `secret`. Default false. */
  readonly usesSecret?: boolean
  /** What an operator should be told when the server is made. */
  readonly warning?: { readonly code: 'password_grant_enabled'; readonly message: string }
}

/** What a grant decides about. */
export interface GrantRequest {
  /** Authenticated; or merely identified, when `clientType` is `public`. */
  readonly client: Client
  readonly parameters: Parameters
  readonly context: RequestContext
  /**
   * The scope for this request by the rules of the server and the client, within `limit` when given. Ask for it last: the
   * user must be known before scope is judged. Throws `invalid_scope`, and `invalid_target` for the resources asked for.
   */
  readonly grantScope: (limit?: ReadonlySet<string>) => Scope
  /** The same for a refresh: within what was granted at sign-in. Throws `invalid_scope`, `invalid_target`. */
  readonly refreshScope: (authorization: Authorization) => Scope
  /** Asks the grant that began an authorization whether its user may still use it; no, when that grant is not served any more. */
  readonly confirmUser: (grantType: string, userId: string) => MaybePromise<boolean>
  /** Whether the server serves a grant type. */
  readonly isServed: (grantType: string) => boolean
  /**
   * Makes an attempt at something that can be guessed, such as a password, unless there were too many failures for this name or from
   * this address: then it throws 429 without looking. A grant that takes such a thing must verify it in here, and must refuse what
   * `isHeldUp`, after the same work.
   */
  readonly limitAttempts: <Result>(
    account: string | GuessedAccount,
    attempt: (allowed: AllowedGuess) => MaybePromise<Result>,
    isSuccess: (result: Result) => boolean,
  ) => MaybePromise<Result>
  /** Makes a token for the device on which this user signed in, for the next sign-in; see `passwordGrant({ deviceTokens: true })`. */
  readonly createDeviceToken: (userId: string, username: string) => string
  /**
   * Counts a token that nobody issued; throws 429 when there were too many from this address. Given the hash of one that the token store
   * does not find, it returns `revoked` where the store knows that, for the operator; otherwise `unknown`.
   */
  readonly countUnknownToken: (tokenHash?: TokenHash) => MaybePromise<TokenRefusal>
  /** Adds a header to the answer, whatever becomes of the request. */
  readonly addHeader: AddHeader
  readonly tokens: Pick<TokenStore, 'findRefreshToken'>
  readonly clock: Clock
  readonly emit: Emit
}

/** Adds a header that tells the client of its future: nothing that the answer itself depends on. */
export type AddHeader = (name: 'Deprecation' | 'Link' | 'Sunset', value: string) => void

/** What is granted, and to whom. */
export type GrantedAccess = ClientAccess | UserAccess | RefreshedAccess

/** The client acts for itself; no user, no refresh token (RFC 6749 §4.4.3). */
export interface ClientAccess {
  readonly actsFor: 'client'
  readonly scope: Scope
}

/** The client acts for a user, from now on: a new authorization begins. */
export interface UserAccess {
  readonly actsFor: 'user'
  readonly userId: string
  readonly scope: Scope
  /** What the user may recognize the device by in a list of sign-ins. Absent: nothing is known. */
  readonly deviceLabel?: string | undefined
  /** Whether the user has signed in from this address, or with this device token, before: for events. Absent: not known. */
  readonly isKnownDevice?: boolean | undefined
  /** `device_token` of the answer. Absent: none. */
  readonly deviceToken?: string | undefined
}

/** The client goes on to act for a user. */
export interface RefreshedAccess {
  readonly actsFor: 'same-user'
  /** The refresh token as the client presented it. */
  readonly presentedToken: string
  readonly record: RefreshTokenRecord
  /** For the access token only; the authorization keeps its own. */
  readonly scope: Scope
  /** Seconds within which a spent token is answered with the same successors. */
  readonly graceSeconds: number
  /** What the successor carries on, see `NewRefreshToken`. Absent: 0. */
  readonly pacedUntil?: number | undefined
}
