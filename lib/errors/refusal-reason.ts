/**
 * Every reason to refuse a token, for the operator. The client never learns which one it was (RFC 6750 §3.1): the response is the same
 * `invalid_token` for every access token, and the same `invalid_grant` for every refresh token.
 */
export const tokenRefusals = [
  // The token as such.
  'unknown',
  'form',
  'type',
  'header',
  'unknown_key',
  'algorithm',
  'signature',
  // Its claims, in the order in which they are checked.
  'issuer',
  'issuer_slash',
  'claim_sub',
  'claim_client_id',
  'claim_jti',
  'claim_aud',
  'claim_scope',
  'claim_exp',
  'claim_iat',
  'claim_nbf',
  'claim_sid',
  'expired',
  'not_yet_valid',
  'too_long',
  'sender_constrained',
  'audience',
  'audience_slash',
  // Decided by a store, a client, a user or another issuer.
  'revoked',
  'client_disabled',
  'user_disabled',
  'inactive',
  'wrong_kind',
  'denied',
] as const

/** Every reason why a client did not prove who it is. */
export const clientRefusals = [
  'unknown_client',
  'client_disabled',
  'method_not_registered',
  'wrong_credentials',
  'chosen_secrets_not_enabled',
  'unreadable_digest',
] as const

/** Every reason why a user did not sign in. */
export const userRefusals = [
  'unknown_user',
  'other_username',
  'user_disabled',
  'user_locked',
  'wrong_password',
  'unreadable_hash',
  'denied',
  'challenged',
  'too_many_failures',
] as const

/** Every reason why an endpoint refused a request itself, or what the client asked for. */
export const requestRefusals = [
  // The HTTP request, in the order in which it is checked.
  'path_slash',
  'method_not_allowed',
  'tls_required',
  'body_too_large',
  'body_compressed',
  'body_type',
  'body_charset',
  'credentials_in_query',
  'body_unread',
  'body_late',
  'body_encoding',
  'parameter_repeated',
  'parameter_too_long',
  'too_many_parameters',
  'parameter_missing',
  'authorization_repeated',
  // Who calls.
  'no_credentials',
  'other_scheme',
  'malformed_credentials',
  'several_methods',
  'other_client_named',
  'public_client',
  'introspection_not_allowed',
  // What a client asks for.
  'unsupported_grant_type',
  'grant_not_allowed',
  'not_first_party',
  'sunset_passed',
  'user_address',
  'credential_form',
  'foreign_token',
  'replayed',
  'overtaken',
  'other_parameters',
  'grant_not_served',
  'scope_missing',
  'scope_malformed',
  'scope_unknown',
  'scope_not_allowed',
  'scope_beyond_grant',
  'scope_beyond_resource',
  'scope_beyond_sign_in',
  'resource_unknown',
  'resource_not_allowed',
  'resource_beyond_sign_in',
  'too_many_resources',
  'resources_differ',
  // What a guard asks for.
  'token_elsewhere',
  'several_tokens',
  'insufficient_scope',
  'wrong_caller',
  // Refused by a grant or a client authentication method of the application.
  'application',
] as const

/** Why a token was refused, for the operator. */
export type TokenRefusal = (typeof tokenRefusals)[number]

/** Why a client did not prove who it is, for the operator. */
export type ClientRefusal = (typeof clientRefusals)[number]

/** Why a user did not sign in, for the operator. */
export type UserRefusal = (typeof userRefusals)[number]

/** Why a request was refused, for the operator. `docs/errors.md` explains each reason. */
export type RefusalReason = (typeof requestRefusals)[number] | ClientRefusal | UserRefusal | TokenRefusal

/** All reasons. A later version may add some: logs and dashboards should accept unknown ones. */
export const refusalReasons: readonly RefusalReason[] = [
  ...new Set([...requestRefusals, ...clientRefusals, ...userRefusals, ...tokenRefusals]),
]
