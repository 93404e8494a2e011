/** Schemes that may be named in a log. What stands in the place of a scheme may also be the secret itself. */
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

/** Says, for the operator, what an `Authorization` header is that does not use the scheme that is expected. */
export function otherScheme(authorization: string, expected: string): string {
  const word = authorization.split(' ', 1)[0]?.toLowerCase()
  const scheme = knownSchemes.find((known) => known.toLowerCase() === word)
  return scheme === undefined
    ? `The Authorization header does not begin with ${expected}`
    : `The Authorization header uses ${scheme}, not ${expected}`
}
