import type { OAuthErrorCode } from '../errors/oauth-error.js'
import type { ClientRefusal, RefusalReason, TokenRefusal, UserRefusal } from '../errors/refusal-reason.js'
import type { EndpointName } from '../request/request-context.js'

/** `error`: something broke. `warn`: look into it. `info`: worth a line. `debug`: everything else. */
export type EventLevel = 'error' | 'warn' | 'info' | 'debug'

/** The members that every event has. */
export interface RequestEvent {
  /** How severe this type of event is. */
  readonly level: EventLevel
  /** Seconds since the epoch. */
  readonly at: number
  /** Also sent in the header `Request-Id` of the response. */
  readonly requestId: string
  /** What handled the request; absent for what the application does without a request. */
  readonly endpoint: EndpointName | undefined
  /** The network address of the client. See {@link RequestContext}. */
  readonly address: string | undefined
}

/** A token request succeeded. */
export interface TokensIssuedEvent extends RequestEvent {
  readonly type: 'tokens_issued'
  readonly grantType: string
  readonly clientId: string
  /** Absent for a client's own token. */
  readonly userId: string | undefined
  /** Absent for a client's own token. */
  readonly authorizationId: string | undefined
  readonly scope: string
  /** `retry`: a refresh token was presented again within the grace, and the response had the same tokens again. */
  readonly how: 'new' | 'refreshed' | 'retry'
  /**
   * Whether the user has signed in from this address, or with this device token, before; when false, consider notifying the user.
   * Absent: it is not a sign-in with a password, or attempts are not counted (`throttle: false`).
   */
  readonly isKnownDevice?: boolean | undefined
}

/** An endpoint or a guard refused a request. */
export interface RequestRefusedEvent extends RequestEvent {
  readonly type: 'request_refused'
  /** HTTP status of the response. */
  readonly status: number
  /** Absent where a guard asks for credentials because the request had none: that response has no error code (RFC 6750 §3.1). */
  readonly error: OAuthErrorCode | undefined
  /** The `error_description` of the response; absent with `error`. */
  readonly description: string | undefined
  /** Why; see `docs/errors.md`. */
  readonly reason: RefusalReason
  /** The cause in more detail, for people: which parameter, which scope, how long ago. Absent where the reason says it all. */
  readonly detail: string | undefined
  /** The client that authenticated, or, at a guard, that the token belongs to. Absent where it is not known. */
  readonly clientId: string | undefined
  /** At the token endpoint, if the server serves this grant type. */
  readonly grantType: string | undefined
  /** The user whose sign-in, refresh token or access token it is, if known. */
  readonly userId: string | undefined
  readonly authorizationId: string | undefined
  /** The requested scope, at the token endpoint. */
  readonly scope: string | undefined
  /** The requested resources, at the token endpoint, space-separated. */
  readonly resource: string | undefined
}

/**
 * A client failed to authenticate. A request without credentials, or with malformed ones, has tried nothing: it causes only a
 * `request_refused` event.
 */
export interface ClientAuthenticationFailedEvent extends RequestEvent {
  readonly type: 'client_authentication_failed'
  /** Absent for an unknown client: what was presented as an id may be a secret in the wrong place. */
  readonly clientId: string | undefined
  readonly authMethod: string
  /**
   * `chosen_secrets_not_enabled`: the client has a secret that a person chose, and the option `chosenClientSecrets` is not set.
   * `unreadable_digest`: the client has a secret whose digest nothing can match, such as the secret itself; a warning names it.
   */
  readonly reason: ClientRefusal
}

/** A user failed to sign in. */
export interface UserAuthenticationFailedEvent extends RequestEvent {
  readonly type: 'user_authentication_failed'
  readonly clientId: string
  /** Absent if the user does not exist. The name as typed is never part of an event, because people type passwords there. */
  readonly userId: string | undefined
  /**
   * `denied` and `challenged` come from a store that verifies passwords itself; `challenged`: the password was right, and another step is
   * needed. `too_many_failures`: the password was not checked, after guesses under several spellings of the name. `other_username`: the
   * store found a user of another name. `scope_refused`: the password was right, but the requested scope or resource was refused; the
   * `request_refused` event of the same request says why. `unreadable_hash`: the hasher cannot read the stored hash (argon2id or plain
   * text, for example), so no password matches it; a warning says what it looks like.
   */
  readonly reason: UserRefusal | 'scope_refused'
}

/**
 * What failures are counted for. `account`, `client`: guesses at one of them, from anywhere. `known_account`, `known_client`: the same, from
 * an address where it succeeded before. `device`: guesses with a device token of the account. `user`: guesses at a user under all
 * spellings of the name. `address`, `network`: everything from one address, and from one IPv6 /48. `token`, `token_network`: unknown
 * tokens from these.
 */
export type ThrottleKind =
  | 'account'
  | 'known_account'
  | 'client'
  | 'known_client'
  | 'address'
  | 'token'
  | 'user'
  | 'device'
  | 'network'
  | 'token_network'

/** A request was refused with 429 after too many failed attempts, refreshes or sign-ins. */
export interface ThrottledEvent extends RequestEvent {
  readonly type: 'throttled'
  /** What was exceeded: failures of one of the kinds that a throttle counts, refreshes of a sign-in, sign-ins of a user. */
  readonly kind: ThrottleKind | 'refresh' | 'sign_in'
  /** Absent where no client, or no known one, is involved. */
  readonly clientId: string | undefined
  readonly retryAfterSeconds: number
}

/** Another hundred sign-ins of one user failed in a row, at all clients together, without a success in between. */
export interface AccountFailuresEvent extends RequestEvent {
  readonly type: 'account_failures'
  /** The client of the last one. */
  readonly clientId: string
  readonly userId: string
  /** A multiple of 100. */
  readonly failures: number
}

/**
 * A refresh token was used again after its grace: it was stolen, or a client lost its state. The whole authorization was revoked.
 */
export interface RefreshTokenReplayedEvent extends RequestEvent {
  readonly type: 'refresh_token_replayed'
  readonly clientId: string
  readonly userId: string
  readonly authorizationId: string
}

/**
 * A refresh token was used again more than a minute after its first use, within a long grace, and the same tokens were returned again:
 * the response to its first use was lost, or somebody else used it.
 */
export interface RefreshTokenRetriedLateEvent extends RequestEvent {
  readonly type: 'refresh_token_retried_late'
  readonly clientId: string
  readonly userId: string
  readonly authorizationId: string
  /** Seconds since the first use. */
  readonly ageSeconds: number
}

/** A client presented the refresh token of another client, or tried to revoke a token of another client; nothing was changed. */
export interface RefreshTokenMisusedEvent extends RequestEvent {
  readonly type: 'refresh_token_misused'
  readonly clientId: string
  readonly ownerClientId: string
  /** Absent for a client's own token. */
  readonly authorizationId: string | undefined
}

/** A request had a token that is unknown: never issued, or deleted since, or a JWT whose signature or claims are not valid. */
export interface UnknownTokenEvent extends RequestEvent {
  readonly type: 'unknown_token'
  /** Absent where no client authenticated: at a guard. */
  readonly clientId: string | undefined
  readonly reason: TokenRefusal
}
