/** What a warning may be about, beside the weak settings of `posture()`. The table of docs/observability.md says what to do about each. */
export type WarningCode =
  'password_grant_enabled' | 'weak_settings' | 'chosen_secrets_not_enabled' | 'unreadable_hash' | 'unreadable_digest'
