import type { JwtClaims } from '../jose/jwt.js'

/** What a valid access token says, in whatever form it came. */
export interface VerifiedAccess {
  readonly clientId: string
  /** Absent for a client's own token, and where another issuer does not say that it acts for a user. */
  readonly userId: string | undefined
  /** The subject of a token that may act for a user or for a service; absent where that is known. */
  readonly unknownSubject?: string | undefined
  /** Absent for a client's own token, and where another issuer does not tell. */
  readonly authorizationId: string | undefined
  /** Space-separated. */
  readonly scope: string
  /** The resources that it is for; empty where the issuer has no resources. */
  readonly audience: readonly string[]
  readonly issuedAt: number
  readonly expiresAt: number
  /** The `jti` of a JWT; absent for an opaque token. */
  readonly tokenId: string | undefined
  /** All claims of a JWT, or members of an introspection answer; empty for an opaque token. */
  readonly claims: JwtClaims
}
