/** The values of `grant_type` that are not URIs (RFC 6749 §4); any other must be one (§4.5). */
export const namedGrantTypes: readonly string[] = [
  'authorization_code',
  'client_credentials',
  'password',
  'refresh_token',
]

/** Returns whether a text is a grant type: one of RFC 6749, or an absolute URI (RFC 6749 appendix A.10). */
export function isGrantType(text: unknown): text is string {
  if (typeof text !== 'string') return false
  // `URL.canParse` alone would accept spaces.
  return namedGrantTypes.includes(text) || (/^[\x21-\x7E]+$/.test(text) && URL.canParse(text))
}

const printableAscii = /^[\x20-\x7E]*$/

/** Returns whether a text has only the characters of client ids and client secrets: %x20-7E (RFC 6749 appendix A.1, A.2). */
export function isPrintableAscii(text: string): boolean {
  return printableAscii.test(text)
}

/**
 * Decodes a form-encoded name or value (RFC 6749 appendix B): `+` and `%20` are spaces, `%XX` are bytes of UTF-8. Returns `undefined` for
 * a broken escape and for bytes that are not UTF-8.
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

/** Returns whether a value is a list of strings. */
export function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}
