import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { Emit } from '../telemetry/events.js'
import type { MaybePromise } from '../time/maybe-promise.js'
import type { Parameters } from '../protocol/parameters.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import type { RequestContext } from '../request/request-context.js'
import type { Scope } from '../protocol/scope.js'
import type { TokenHash } from '../crypto/hash.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization, TokenStore } from '../stores/token-store.js'
import type { AllowedGuess, GuessedAccount } from '../throttle/limit-sign-in.js'
import type { GrantedAccess } from '../tokens/granted-access.js'
import type { Resource } from '../tokens/resource.js'

/**
 * One grant type. A handler decides what is granted. It issues nothing, changes nothing and writes no response. Built-in grants and those of
 * an application are registered in the same way, in `grants: [...]`.
 *
 * @example
 * ```ts
 * const cards = new Map([['7', 'user-7']])
 * const cardGrant: GrantHandler = {
 *   grantType: 'urn:example:grant-type:card',
 *   grantAccess({ parameters, grantScope }) {
 *     const userId = cards.get(parameters.get('card') ?? '')
 *     if (userId === undefined) throw new OAuthError('invalid_grant', 'The card is not known')
 *     return { actsFor: 'user', userId, scope: grantScope() }
 *   },
 * }
 * ```
 */
export interface GrantHandler {
  /** The value of `grant_type`: a name of RFC 6749, or an absolute URI for your own grant (RFC 6749 §4.5). */
  readonly grantType: string
  /**
   * Decides about a request of an authenticated client that is registered for this grant type. Throws `OAuthError` to refuse. A
   * `StoreUnavailableError` leads to 503, any other exception to `server_error`.
   */
  grantAccess(request: GrantRequest): MaybePromise<GrantedAccess>
  /**
   * Returns whether a user to whom this grant gave a refresh token may still use it. Called at each refresh. Absent: true.
   */
  confirmUser?(userId: string, context: RequestContext): MaybePromise<boolean>
  /** The scopes that a token of this grant may have at most, at sign-in and at each refresh. Absent: those of the client. */
  readonly scopeLimit?: ReadonlySet<string> | undefined
  /** Refuses a token store that this grant cannot work with, at startup. Throws `ConfigurationError`. Absent: any store works. */
  checkTokenStore?(tokens: TokenStore): void
  /** Weak settings of this grant, for `posture()`. Absent: none. */
  readonly weaknesses?: readonly PostureFinding[]
  /** Returns weaknesses that it noticed in requests, for `posture()`. Absent: none. */
  noticedWeaknesses?(): readonly PostureFinding[]
  /** Whether it seals values that clients keep, so that all processes of the server need the same `secret`. Default false. */
  readonly usesSecret?: boolean
  /** A warning for the operator at startup. */
  readonly warning?: { readonly code: 'password_grant_enabled'; readonly message: string }
}

/** The request that a grant decides about. */
export interface GrantRequest {
  /** Authenticated; only identified if `clientType` is `public`. */
  readonly client: Client
  readonly parameters: Parameters
  readonly context: RequestContext
  /** When the request came, in milliseconds since the epoch. Everything is judged by this time. */
  readonly receivedAt: number
  /**
   * Returns the resources of the token: the requested ones, or the default; at a refresh, within those of the sign-in. Decided once.
   * Throws `invalid_target`.
   */
  readonly resources: (refreshed?: Authorization) => readonly Resource[]
  /**
   * Returns the scope of this request by the rules of the server and the client, and within `limit` if given. Call it last: the user must be
   * known before scope is judged. Throws `invalid_scope`, and `invalid_target` for the requested resources.
   */
  readonly grantScope: (limit?: ReadonlySet<string>) => Scope
  /**
   * Limits an attempt at something that can be guessed, such as a password. After too many failures for this name or from this address it
   * throws 429 without calling `attempt`. A grant that accepts such a thing must verify it in `attempt`, and must refuse if `isHeldUp`, after
   * the same work.
   */
  readonly limitAttempts: <Result>(
    account: string | GuessedAccount,
    attempt: (allowed: AllowedGuess) => MaybePromise<Result>,
    isSuccess: (result: Result) => boolean,
  ) => MaybePromise<Result>
  /** Adds a header to the response, even if the request is refused. */
  readonly addHeader: AddHeader
  /** What the server offers to every request; the built-in grants use it. */
  readonly server: GrantServer
}

/** What a server offers to its grants. All requests share it. */
export interface GrantServer {
  readonly tokens: Pick<TokenStore, 'findRefreshToken'>
  readonly emit: Emit
  /** Returns the scope of a refresh, within what was granted at sign-in. Throws `invalid_scope`, `invalid_target`. */
  refreshScope(request: GrantRequest, authorization: Authorization): Scope
  /** Asks the grant that began an authorization whether its user may still use it. Returns false when that grant is no longer served. */
  confirmUser(grantType: string, userId: string, context: RequestContext): MaybePromise<boolean>
  /** Returns whether the server serves a grant type. */
  isServed(grantType: string): boolean
  /** Creates a token for the device on which this user signed in, for the next sign-in; see `passwordGrant({ deviceTokens: true })`. */
  createDeviceToken(request: GrantRequest, userId: string, username: string): string
  /**
   * Counts a refresh token that the token store does not find. Throws 429 after too many from this address. Otherwise returns the reason for
   * the operator: `revoked` if the store knows that, else `unknown`.
   */
  countUnknownToken(request: GrantRequest, tokenHash: TokenHash): MaybePromise<TokenRefusal>
}

/** Adds a header about the future of a grant. The response itself does not depend on it. */
export type AddHeader = (name: 'Deprecation' | 'Link' | 'Sunset', value: string) => void
