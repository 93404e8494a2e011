import { hashToken } from '../crypto/hash.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization, NewRefreshToken } from '../stores/token-store.js'

/** How long tokens live, in seconds. */
export interface Lifetimes {
  readonly accessTokenLifetimeSeconds: number
  readonly refreshTokenLifetimeSeconds: number
  readonly authorizationLifetimeSeconds: number
}

/** Returns the lifetime of a client, else that of the server. Throws if it is not a lifetime. */
export function lifetimeSeconds(lifetimes: Lifetimes, client: Client, name: keyof Lifetimes): number {
  const seconds = client[name] ?? lifetimes[name]
  // A client store may contain anything. It must not lead to a token that never expires.
  if (!Number.isSafeInteger(seconds) || seconds <= 0) throw new RangeError(`The client's ${name} is not a lifetime`)
  return seconds
}

/** Returns the record of a new refresh token. It expires when unused for its lifetime, and never outlives its authorization. */
export function newRefreshToken(
  lifetimes: Lifetimes,
  client: Client,
  { authorizationId, expiresAt }: Authorization,
  refreshToken: string,
  now: number,
  pacedUntil?: number,
): NewRefreshToken {
  const idleEnd = now + lifetimeSeconds(lifetimes, client, 'refreshTokenLifetimeSeconds')
  const ends = Math.min(idleEnd, expiresAt)
  return { tokenHash: hashToken(refreshToken), authorizationId, issuedAt: now, expiresAt: ends, pacedUntil }
}
