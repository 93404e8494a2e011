import type { OAuthErrorCode } from '../errors/oauth-error.js'
import type { ClientRefusal, RefusalReason, TokenRefusal, UserRefusal } from '../errors/refusal-reason.js'
import type { PostureCode, PostureFinding } from './posture-finding.js'
import type { EndpointName, RequestContext } from '../request/request-context.js'
import type { ThrottleKind } from './throttle-kind.js'
import type { WarningCode } from './warning-code.js'

/**
 * What an operator may want to log, count or be alerted on. No event carries a token, a secret or a password. Every text in one is
 * printable ASCII of at most 256 characters, so that nobody can forge a line of a log: anything else is escaped as `\uXXXX`.
 */
export type OAuthEvent =
  | TokensIssuedEvent
  | RequestRefusedEvent
  | ClientAuthenticationFailedEvent
  | UserAuthenticationFailedEvent
  | ThrottledEvent
  | AccountFailuresEvent
  | RefreshTokenReplayedEvent
  | RefreshTokenRetriedLateEvent
  | RefreshTokenMisusedEvent
  | UnknownTokenEvent
  | TokensRevokedEvent
  | ClientSecretRotatedEvent
  | ClientSecretRetiredEvent
  | ClientChangedEvent
  | SigningKeyWithdrawnEvent
  | FailureEvent
  | WarningEvent

/** A request was answered with tokens. */
export interface TokensIssuedEvent extends RequestEvent {
  readonly type: 'tokens_issued'
  readonly grantType: string
  readonly clientId: string
  /** Absent for a client's own token. */
  readonly userId: string | undefined
  /** Absent for a client's own token. */
  readonly authorizationId: string | undefined
  readonly scope: string
  /** `retry`: a refresh token was presented again within the grace, and got the same tokens again. */
  readonly how: 'new' | 'refreshed' | 'retry'
  /**
   * Whether the user has signed in from this address, or with this device token, before; where it is false, tell the owner. Absent: it is
   * not a sign-in with a password, or nothing counts attempts (`throttle: false`).
   */
  readonly isKnownDevice?: boolean | undefined
}

/** An endpoint or a guard refused a request. */
export interface RequestRefusedEvent extends RequestEvent {
  readonly type: 'request_refused'
  /** HTTP status of the answer. */
  readonly status: number
  /** Absent where a guard asks for credentials, because there were none: that answer has no error (RFC 6750 §3.1). */
  readonly error: OAuthErrorCode | undefined
  /** What the caller was told; absent with `error`. */
  readonly description: string | undefined
  /** Why; see `docs/troubleshooting.md`. */
  readonly reason: RefusalReason
  /** What shows the cause, for people: which parameter, which scope, how long ago. Absent where the reason says it all. */
  readonly detail: string | undefined
  /** The client that authenticated, or, at a guard, that the token belongs to. Absent where it is not known. */
  readonly clientId: string | undefined
  /** At the token endpoint, when it is one that the server serves. */
  readonly grantType: string | undefined
  /** Whose sign-in, refresh token or access token it is, where that is known. */
  readonly userId: string | undefined
  readonly authorizationId: string | undefined
  /** The scope that was asked for, at the token endpoint. */
  readonly scope: string | undefined
  /** The resources that were asked for, at the token endpoint, space-separated. */
  readonly resource: string | undefined
}

/**
 * Somebody failed to prove that they are a client. A request without credentials, or with malformed ones, has tried nothing: only its
 * `request_refused` tells of it.
 */
export interface ClientAuthenticationFailedEvent extends RequestEvent {
  readonly type: 'client_authentication_failed'
  /** Absent for an unknown client: what was presented as an id may be a secret in the wrong place. */
  readonly clientId: string | undefined
  readonly authMethod: string
  /**
   * `chosen_secrets_not_enabled`: it has a secret that a person chose, and the option `chosenClientSecrets` is not set.
   * `unreadable_digest`: it has a secret whose digest nothing can match, such as the secret itself; a warning names it.
   */
  readonly reason: ClientRefusal
}

/** Somebody failed to sign in. */
export interface UserAuthenticationFailedEvent extends RequestEvent {
  readonly type: 'user_authentication_failed'
  readonly clientId: string
  /** Absent when there is no such user; the name as typed is never told, for people type passwords there. */
  readonly userId: string | undefined
  /**
   * `denied` and `challenged` come of a store that verifies by itself; `challenged`: the password was right, and another step is needed.
   * `too_many_failures`: the password was not looked at, after guesses under several spellings of the name. `other_username`: the store
   * found a user of another name. `scope_refused`: the password was right, and the scope or the resource that was asked for was refused; the
   * `request_refused` of the same request tells why. `unreadable_hash`: the stored hash is not one that the hasher can read, such as
   * argon2id or plain text, so no password matches it; a warning tells what it looks like.
   */
  readonly reason: UserRefusal | 'scope_refused'
}

/** There were too many failed attempts, refreshes or sign-ins: one more was refused with 429. */
export interface ThrottledEvent extends RequestEvent {
  readonly type: 'throttled'
  /** What there was too much of: failures of one of the kinds that a throttle counts, refreshes of a sign-in, sign-ins of a user. */
  readonly kind: ThrottleKind | 'refresh' | 'sign_in'
  /** Absent where no client is involved, or none that is known. */
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

/** A spent refresh token came back after the grace: stolen, or a client that lost its state. Its authorization is over. */
export interface RefreshTokenReplayedEvent extends RequestEvent {
  readonly type: 'refresh_token_replayed'
  readonly clientId: string
  readonly userId: string
  readonly authorizationId: string
}

/**
 * A spent refresh token came back more than a minute after it was spent, within a long grace, and was answered once more: the answer to
 * its first use was lost, or somebody else used it.
 */
export interface RefreshTokenRetriedLateEvent extends RequestEvent {
  readonly type: 'refresh_token_retried_late'
  readonly clientId: string
  readonly userId: string
  readonly authorizationId: string
  /** Seconds since the token was spent. */
  readonly ageSeconds: number
}

/** A client presented the refresh token of another client, or wanted to revoke any token of another client; nothing was changed. */
export interface RefreshTokenMisusedEvent extends RequestEvent {
  readonly type: 'refresh_token_misused'
  readonly clientId: string
  readonly ownerClientId: string
  /** Absent for a client's own token. */
  readonly authorizationId: string | undefined
}

/**
 * A token came that was never issued, or is not known any more: an old one, or a guess. A JWT whose signature or claims are not good
 * counts as one.
 */
export interface UnknownTokenEvent extends RequestEvent {
  readonly type: 'unknown_token'
  /** Absent where no client authenticated: at a guard. */
  readonly clientId: string | undefined
  readonly reason: TokenRefusal
}

/** Tokens were revoked: by the application, or by a client that gave back its refresh token. */
export interface TokensRevokedEvent extends RequestEvent {
  readonly type: 'tokens_revoked'
  /** What was selected: one sign-in, those of a user, those of a client, or all. Its id is the one below. */
  readonly selection: 'authorization' | 'user' | 'client' | 'everything'
  readonly authorizationId: string | undefined
  readonly userId: string | undefined
  /** The sign-in of the user that stayed. */
  readonly exceptAuthorizationId: string | undefined
  readonly clientId: string | undefined
  /** How many live authorizations ended. */
  readonly authorizations: number
}

/** A client got a new secret. */
export interface ClientSecretRotatedEvent extends RequestEvent {
  readonly type: 'client_secret_rotated'
  readonly clientId: string
  /** Names the new one; it is not secret. */
  readonly secretId: string
  /** Seconds since the epoch: when the last of the secrets that it had before ends. Absent when they ended at once. */
  readonly formerSecretsExpireAt: number | undefined
}

/** A secret of a client was withdrawn. */
export interface ClientSecretRetiredEvent extends RequestEvent {
  readonly type: 'client_secret_retired'
  readonly clientId: string
  readonly secretId: string
}

/** A client was disabled, enabled or deleted with `oauth.clients`. */
export interface ClientChangedEvent extends RequestEvent {
  readonly type: 'client_changed'
  readonly clientId: string
  readonly change: 'disabled' | 'enabled' | 'deleted'
}

/** A signing key was withdrawn: what it signed is refused from now on. */
export interface SigningKeyWithdrawnEvent extends RequestEvent {
  readonly type: 'signing_key_withdrawn'
  readonly keyId: string
  readonly algorithm: string
  /** What it was. */
  readonly state: 'next' | 'active' | 'retired'
  /** The key that signs from now on. */
  readonly activeKeyId: string | undefined
}

/** Something of ours or of the application broke, or a store is out of reach. */
export interface FailureEvent extends RequestEvent {
  readonly type: 'failure'
  readonly error: 'server_error' | 'temporarily_unavailable'
  /** `body_unread`: a middleware before latchkey took the body of the request. Absent for anything else. */
  readonly reason?: 'body_unread' | undefined
  /**
   * A copy of what was thrown: an error of the same class with its name, code, stack frames, address and causes, but without what the
   * request brought (passwords, secrets, tokens, assertions) and without the values that drivers and Node attach or quote.
   */
  readonly cause: unknown
}

/**
 * Something about the configuration that its operator should know; told once, when the server is made, or when it is noticed at a request.
 */
export interface WarningEvent extends RequestEvent {
  readonly type: 'warning'
  /** `weak_settings`: what `posture()` finds at start; the code of a finding: it was noticed at a request. */
  readonly code: WarningCode | PostureCode
  /** What is wrong, and what to do. */
  readonly message: string
  /** The client that it is about, if it is about one. */
  readonly clientId?: string
  /** The secret of that client whose digest cannot be read. */
  readonly secretId?: string
  /** The user whose hash cannot be read. */
  readonly userId?: string
  /** What is weak, why, and what to do; absent for a `WarningCode` other than `weak_settings`. */
  readonly findings?: readonly PostureFinding[]
}

/** `error`: something broke. `warn`: look into it. `info`: worth a line. `debug`: everything else. */
export type EventLevel = 'error' | 'warn' | 'info' | 'debug'

/** What every event says of the request it belongs to. */
export interface RequestEvent {
  /** How severe the type of this event is. */
  readonly level: EventLevel
  /** Seconds since the epoch. */
  readonly at: number
  /** Also in the header `Request-Id` of the answer. */
  readonly requestId: string
  /** What handled the request; absent for what the application does by itself. */
  readonly endpoint: EndpointName | undefined
  /** See {@link RequestContext}. */
  readonly address: string | undefined
}

/** What there is to say of an event, but for the request that it belongs to. */
export type WithoutRequest<E> = E extends OAuthEvent ? Omit<E, keyof RequestEvent> : never

/** Tells the operator of something that happened in a request. */
export type Emit = (context: RequestContext, event: WithoutRequest<OAuthEvent>) => void

/** The channel of `node:diagnostics_channel` that every event is published on, for whoever has no hand in `onEvent`. */
export const eventChannelName = 'latchkey:event'
