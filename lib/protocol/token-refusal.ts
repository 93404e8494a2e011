/**
 * Every reason to refuse an access token, for the operator. The caller never learns which one it was (RFC 6750 §3.1): each gets the same
 * `invalid_token`. The list may grow; a log or a dashboard should accept reasons that it does not know.
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
  // What somebody else decided.
  'revoked',
  'client_disabled',
  'user_disabled',
  'inactive',
  'wrong_kind',
  'denied',
] as const

/** Why an access token was refused, for the operator. `docs/observability.md` explains each reason. */
export type TokenRefusal = (typeof tokenRefusals)[number]

/** Whether two identifiers differ in nothing but a slash at the end: a frequent mistake, and hard to see in a log. */
export function differInSlash(one: unknown, other: string): boolean {
  return typeof one === 'string' && (one === `${other}/` || `${one}/` === other)
}
