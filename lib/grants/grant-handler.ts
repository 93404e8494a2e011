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
 * One grant type. A handler decides what is granted; it issues nothing, changes nothing and writes no answer. The built-in
 * ones and an application's own are registered alike, in `grants: [...]`.
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
  /** When the request came, in milliseconds since the epoch: the one time by which it is judged. */
  readonly receivedAt: number
  /**
   * The resources that the token is for: those asked for, or the default; of a refresh, within what its sign-in was granted. Decided once.
   * Throws `invalid_target`.
   */
  readonly resources: (refreshed?: Authorization) => readonly Resource[]
  /**
   * The scope for this request by the rules of the server and the client, within `limit` when given. Ask for it last: the
   * user must be known before scope is judged. Throws `invalid_scope`, and `invalid_target` for the resources asked for.
   */
  readonly grantScope: (limit?: ReadonlySet<string>) => Scope
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
  /** Adds a header to the response, also where the request is refused. */
  readonly addHeader: AddHeader
  /** What the server offers to every request; the built-in grants use it. */
  readonly server: GrantServer
}

/** What a server offers to its grants: the same object for all requests. */
export interface GrantServer {
  readonly tokens: Pick<TokenStore, 'findRefreshToken'>
  readonly emit: Emit
  /** Returns the scope of a refresh, within what was granted at sign-in. Throws `invalid_scope`, `invalid_target`. */
  refreshScope(request: GrantRequest, authorization: Authorization): Scope
  /** Asks the grant that began an authorization whether its user may still use it. Returns false when that grant is no longer served. */
  confirmUser(grantType: string, userId: string, context: RequestContext): MaybePromise<boolean>
  /** Whether the server serves a grant type. */
  isServed(grantType: string): boolean
  /** Creates a token for the device on which this user signed in, for the next sign-in; see `passwordGrant({ deviceTokens: true })`. */
  createDeviceToken(request: GrantRequest, userId: string, username: string): string
  /**
   * Counts a refresh token that the token store does not find; throws 429 when there were too many from this address. Returns `revoked`
   * where the store knows that, for the operator; otherwise `unknown`.
   */
  countUnknownToken(request: GrantRequest, tokenHash: TokenHash): MaybePromise<TokenRefusal>
}

/** Adds a header that tells the client of its future: nothing that the answer itself depends on. */
export type AddHeader = (name: 'Deprecation' | 'Link' | 'Sunset', value: string) => void
