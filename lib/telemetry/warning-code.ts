/** What a warning may be about, beside the weak settings of `posture()`. The table of docs/observability.md says what to do about each. */
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
