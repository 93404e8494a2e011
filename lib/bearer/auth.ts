import type { Scope } from '../protocol/scope.js'

/** The content of a verified access token: `req.auth` after a guard. Frozen, and a new object for each request. */
export type Auth = UserAuth | ClientAuth | UnknownAuth

/** The token acts for a user. */
export interface UserAuth extends AuthFields {
  readonly actsFor: 'user'
  /** The user's stable id, as the user store returned it. */
  readonly userId: string
  /** The sign-in that the token belongs to; absent if another issuer does not say. */
  readonly authorizationId: string | undefined
}

/** The token acts for the client itself: a service, and not a user. */
export interface ClientAuth extends AuthFields {
  readonly actsFor: 'client'
}

/**
 * It is unknown whether the token acts for a user or for a service account: its subject is not the client, and nothing shows that it is a
 * user. Happens only with tokens of other issuers. See `isUser` of a resource server.
 */
export interface UnknownAuth extends AuthFields {
  readonly actsFor: 'unknown'
  /** The `sub` of the token. */
  readonly subject: string
}

interface AuthFields {
  /** The client that the token was issued to. */
  readonly clientId: string
  readonly scope: Scope
  /** The resources that the token is for; empty if the issuer has no resources. */
  readonly audience: readonly string[]
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** All claims of a JWT, or all members of an introspection response; empty for an opaque token of the same server. */
  readonly claims: Readonly<Record<string, unknown>>
}
