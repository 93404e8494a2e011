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

const printableAscii = /^[\x20-\x7E]*$/

/** Whether a text is all of what a client id and a client secret may consist of: %x20-7E (RFC 6749 appendix A.1, A.2). */
export function isPrintableAscii(text: string): boolean {
  return printableAscii.test(text)
}

/**
 * Decodes one form-encoded name or value (RFC 6749 appendix B): `+` and `%20` are spaces, `%XX` are octets of UTF-8.
 * `undefined` for a broken escape or for octets that are not UTF-8.
 */
export function decodeFormComponent(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return undefined
  }
}
