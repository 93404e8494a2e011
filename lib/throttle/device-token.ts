import { randomBytes } from 'node:crypto'
import type { Sealing } from '../crypto/sealing.js'
import { KNOWN_SECONDS } from './throttle-limits.js'

/** Whose device it is. */
export interface DeviceOwner {
  readonly clientId: string
  readonly userId: string
  /** The name that was typed, for stores that do not tell whose it is before the password is verified. */
  readonly username: string
}

const purpose = 'device token'

/**
 * Makes the token of a device where a user signed in: presented again, it gives the user tries that no stranger can use up. It proves
 * nothing else, and never takes the place of the password. A device that has one keeps its id, and so its failures.
 */
export function createDeviceToken(
  sealing: Sealing,
  { clientId, userId, username }: DeviceOwner,
  presented: string | undefined,
  now: number,
): string {
  const owner = { clientId, userId, username }
  const deviceId = openDeviceToken(sealing, presented, owner, now) ?? randomBytes(16).toString('base64url')
  return sealing.seal(purpose, [deviceId, now, clientId, userId, username])
}

/**
 * Returns the id of the device; `undefined` for a token that is forged, has expired, or is that of another client or user: it counts for
 * nothing then. `userId` absent: not known yet, the name as typed decides.
 */
export function openDeviceToken(
  sealing: Sealing,
  presented: string | undefined,
  owner: { readonly clientId: string; readonly username: string; readonly userId?: string | undefined },
  now: number,
): string | undefined {
  const opened = presented === undefined ? undefined : sealing.open(purpose, presented)
  if (!Array.isArray(opened)) return undefined
  const [deviceId, issuedAt, clientId, userId, username] = opened as readonly unknown[]
  if (typeof deviceId !== 'string' || typeof issuedAt !== 'number' || now >= issuedAt + KNOWN_SECONDS) return undefined
  const isOwners = owner.userId === undefined ? username === owner.username : userId === owner.userId
  return clientId === owner.clientId && isOwners ? deviceId : undefined
}
