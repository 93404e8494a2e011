/** The value of `WWW-Authenticate` with every failed client authentication (RFC 6749 §5.2, RFC 7617 §2.1). */
export function basicChallenge(realm: string): string {
  return `Basic realm="${realm}", charset="UTF-8"`
}
