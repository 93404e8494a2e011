import type { Scope } from '../protocol/scope.js'
import type { RefreshTokenRecord } from '../stores/token-store.js'

/** What is granted, and to whom. */
export type GrantedAccess = ClientAccess | UserAccess | RefreshedAccess | ReplayedAccess

/** The client acts for itself; no user, no refresh token (RFC 6749 §4.4.3). */
export interface ClientAccess {
  readonly actsFor: 'client'
  readonly scope: Scope
}

/** The client acts for a user, from now on: a new authorization begins. */
export interface UserAccess {
  readonly actsFor: 'user'
  readonly userId: string
  readonly scope: Scope
  /** What the user may recognize the device by in a list of sign-ins. Absent: nothing is known. */
  readonly deviceLabel?: string | undefined
  /** Whether the user has signed in from this address, or with this device token, before: for events. Absent: not known. */
  readonly isKnownDevice?: boolean | undefined
  /** `device_token` of the answer. Absent: none. */
  readonly deviceToken?: string | undefined
}

/** The client goes on to act for a user. */
export interface RefreshedAccess {
  readonly actsFor: 'same-user'
  /** The refresh token as the client presented it. */
  readonly presentedToken: string
  readonly record: RefreshTokenRecord
  /** For the access token only; the authorization keeps its own. */
  readonly scope: Scope
  /** Seconds within which a spent token is exchanged for the same successors again. */
  readonly graceSeconds: number
  /** What a spent token that is presented again is. Absent: the token was not spent, or has not been judged. */
  readonly retry?: 'retry' | 'late_retry' | undefined
  /** What the successor carries on, see `NewRefreshToken`. Absent: 0. */
  readonly pacedUntil?: number | undefined
}

/** A spent refresh token was replayed: its authorization ends, and the request is refused (RFC 9700 §4.14.2). */
export interface ReplayedAccess {
  readonly actsFor: 'nobody'
  readonly replayed: RefreshTokenRecord
}
