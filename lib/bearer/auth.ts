import type { Scope } from '../protocol/scope.js'

/** What a verified access token says: `req.auth` behind a guard. Frozen, and made anew for each request. */
export type Auth = UserAuth | ClientAuth | UnknownAuth

/** The token acts for a user. */
export interface UserAuth extends AuthFields {
  readonly actsFor: 'user'
  /** The user's stable id, as the user store answered it. */
  readonly userId: string
  /** The sign-in that the token belongs to; absent where another issuer does not tell. */
  readonly authorizationId: string | undefined
}

/** The token acts for the client itself: a service, no user. */
export interface ClientAuth extends AuthFields {
  readonly actsFor: 'client'
}

/**
 * The issuer does not say for whom the token acts: its subject is not the client, and nothing shows that it is a user. It may be a user
 * or a service account. Tokens of latchkey always say; those of other issuers may not. See `isUser` of a resource server.
 */
export interface UnknownAuth extends AuthFields {
  readonly actsFor: 'unknown'
  /** What the issuer names as `sub`. */
  readonly subject: string
}

interface AuthFields {
  /** The client that the token was issued to. */
  readonly clientId: string
  readonly scope: Scope
  /** The resources that the token is for; empty where the issuer has no resources. */
  readonly audience: readonly string[]
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** All claims of a JWT, or members of an introspection answer; empty for an opaque token of the own server. */
  readonly claims: Readonly<Record<string, unknown>>
}
