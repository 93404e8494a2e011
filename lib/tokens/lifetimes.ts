import { hashToken } from '../crypto/hash.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization, NewRefreshToken } from '../stores/token-store.js'

/** How long tokens live, in seconds. */
export interface Lifetimes {
  readonly accessTokenLifetimeSeconds: number
  readonly refreshTokenLifetimeSeconds: number
  readonly authorizationLifetimeSeconds: number
}

/** A lifetime for a client: its own, or else the server's. Throws on a value that no lifetime can have. */
export function lifetimeSeconds(lifetimes: Lifetimes, client: Client, name: keyof Lifetimes): number {
  const seconds = client[name] ?? lifetimes[name]
  // A client store may hold anything: a token that never ends must not come of it.
  if (!Number.isSafeInteger(seconds) || seconds <= 0) throw new RangeError(`The client's ${name} is not a lifetime`)
  return seconds
}

/** The record of a refresh token that is issued now: it may lie idle for so long, and never outlives its authorization. */
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
