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
