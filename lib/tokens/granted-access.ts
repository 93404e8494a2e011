import type { Scope } from '../protocol/scope.js'
import type { RefreshTokenRecord } from '../stores/token-store.js'

/** What is granted, and to whom. */
export type GrantedAccess = ClientAccess | UserAccess | RefreshedAccess | ReplayedAccess

/** The client acts for itself: no user, no refresh token (RFC 6749 §4.4.3). */
export interface ClientAccess {
  readonly actsFor: 'client'
  readonly scope: Scope
}

/** The client acts for a user: a new authorization begins. */
export interface UserAccess {
  readonly actsFor: 'user'
  readonly userId: string
  readonly scope: Scope
  /** Helps the user to recognize the device in a list of sign-ins. Absent: unknown. */
  readonly deviceLabel?: string | undefined
  /** Whether the user has signed in from this address or with this device token before; for events. Absent: unknown. */
  readonly isKnownDevice?: boolean | undefined
  /** `device_token` of the response. Absent: none. */
  readonly deviceToken?: string | undefined
}

/** The client keeps acting for a user. */
export interface RefreshedAccess {
  readonly actsFor: 'same-user'
  /** The refresh token as the client presented it. */
  readonly presentedToken: string
  readonly record: RefreshTokenRecord
  /** For the access token only. The authorization keeps its own. */
  readonly scope: Scope
  /** Seconds within which a spent token returns the same successors again. */
  readonly graceSeconds: number
  /** The verdict about a spent token. Absent: the token was not spent, or has not been judged. */
  readonly retry?: 'retry' | 'late_retry' | undefined
  /** Passed on to the successor, see `NewRefreshToken`. Absent: 0. */
  readonly pacedUntil?: number | undefined
}

/** A spent refresh token was replayed: its authorization is revoked and the request refused (RFC 9700 §4.14.2). */
export interface ReplayedAccess {
  readonly actsFor: 'nobody'
  readonly replayed: RefreshTokenRecord
}
