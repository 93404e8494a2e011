/** Values of `grant_type` that are no URI (RFC 6749 §4); any other grant type must be one (§4.5). */
export const namedGrantTypes: readonly string[] = [
  'authorization_code',
  'client_credentials',
  'password',
  'refresh_token',
]

/** Whether a text can be a grant type: one of RFC 6749, or an absolute URI (RFC 6749 appendix A.10). */
export function isGrantType(text: unknown): text is string {
  if (typeof text !== 'string') return false
  // `URL.canParse` alone would let spaces pass.
  return namedGrantTypes.includes(text) || (/^[\x21-\x7E]+$/.test(text) && URL.canParse(text))
}
