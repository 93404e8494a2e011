/** Schemes that may be named in a log. Anything else in place of the scheme may be a secret. */
const knownSchemes: readonly string[] = [
  'ApiKey',
  'Basic',
  'Bearer',
  'Digest',
  'DPoP',
  'JWT',
  'Key',
  'MAC',
  'Negotiate',
  'NTLM',
  'OAuth',
  'PoP',
  'Token',
]

/** Describes, for the operator, an `Authorization` header that does not use the expected scheme. */
export function otherScheme(authorization: string, expected: string): string {
  const word = authorization.split(' ', 1)[0]?.toLowerCase()
  const scheme = knownSchemes.find((known) => known.toLowerCase() === word)
  return scheme === undefined
    ? `The Authorization header does not begin with ${expected}`
    : `The Authorization header uses ${scheme}, not ${expected}`
}
