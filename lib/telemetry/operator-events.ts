import type { RequestEvent } from './request-events.js'

/** Tokens were revoked by the application, or by a client that revoked its refresh token. */
export interface TokensRevokedEvent extends RequestEvent {
  readonly type: 'tokens_revoked'
  /** What was selected: one sign-in, those of a user, those of a client, or all. Its id is the one below. */
  readonly selection: 'authorization' | 'user' | 'client' | 'everything'
  readonly authorizationId: string | undefined
  readonly userId: string | undefined
  /** The sign-in of the user that was kept. */
  readonly exceptAuthorizationId: string | undefined
  readonly clientId: string | undefined
  /** How many live authorizations ended. */
  readonly authorizations: number
}

/** A client got a new secret. */
export interface ClientSecretRotatedEvent extends RequestEvent {
  readonly type: 'client_secret_rotated'
  readonly clientId: string
  /** Names the new secret; not secret itself. */
  readonly secretId: string
  /** Seconds since the epoch: when the last of the former secrets expires. Absent when they expired at once. */
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
  /** Its state before. */
  readonly state: 'next' | 'active' | 'retired'
  /** The key that signs from now on. */
  readonly activeKeyId: string | undefined
}

/** Code of latchkey or of the application failed, or a store cannot be reached. */
export interface FailureEvent extends RequestEvent {
  readonly type: 'failure'
  readonly error: 'server_error' | 'temporarily_unavailable'
  /** `body_unread`: a middleware before latchkey consumed the body of the request. Absent for anything else. */
  readonly reason?: 'body_unread' | undefined
  /**
   * A copy of what was thrown: an error of the same class with its name, code, stack frames, address and causes, but without the values
   * of the request (passwords, secrets, tokens, assertions) and without values that drivers and Node attach or quote.
   */
  readonly cause: unknown
}

/**
 * Something about the configuration that its operator should know. Emitted once: when the server is created, or when a request shows it.
 */
export interface WarningEvent extends RequestEvent {
  readonly type: 'warning'
  /** `weak_settings`: what `posture()` found at startup. The code of a finding: a request has shown it. */
  readonly code: WarningCode | PostureCode
  /** What is wrong, and what to do. */
  readonly message: string
  /** The client that it is about, if any. */
  readonly clientId?: string
  /** The secret of that client whose digest cannot be read. */
  readonly secretId?: string
  /** The user whose hash cannot be read. */
  readonly userId?: string
  /** What is weak, why, and what to do; absent for a `WarningCode` other than `weak_settings`. */
  readonly findings?: readonly PostureFinding[]
}

/** What a warning may be about, beside the weak settings of `posture()`. `docs/observability.md` says what to do about each. */
export type WarningCode =
  | 'password_grant_enabled'
  | 'weak_settings'
  | 'chosen_secrets_not_enabled'
  | 'unreadable_hash'
  | 'unreadable_digest'
  | 'unusable_signing_keys'
  | 'wrong_mount'
  | ClientWarningCode

/** What a client is registered for that can never work at its server. */
export type ClientWarningCode =
  | 'client_grant_type'
  | 'client_without_refresh'
  | 'client_scope'
  | 'client_resource'
  | 'client_auth_method'
  | 'client_token_format'
  | 'client_id'

/** A setting that is weaker than it need be. */
export interface PostureFinding {
  /** Identifies the finding, for a list of accepted ones. */
  readonly code: PostureCode
  /** What is weak, and the consequence. */
  readonly reason: string
  /** What to do. */
  readonly remedy: string
}

/** The codes of all findings. */
export type PostureCode =
  | 'memory_store'
  | 'memory_throttle'
  | 'no_throttle'
  | 'unshared_secret'
  | 'public_password_client'
  | 'long_grace'
  | 'short_grace'
  | 'long_access_tokens'
  | 'unrevocable_tokens'
  | 'unlimited_sign_ins'
  | 'http_issuer'
  | 'no_tls'
  | 'shared_symmetric_key'
  | 'untrusted_proxy'
  | 'introspects_everything'
  | 'costlier_hashes'
  | 'shared_user_address'

/** Creates a function that returns the findings of a source, each code only once. */
export function newFindings(find: () => readonly PostureFinding[]): () => readonly PostureFinding[] {
  const known = new Set<PostureCode>()
  return () => find().filter(({ code }) => !known.has(code) && known.add(code))
}
