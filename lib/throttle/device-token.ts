import { randomBytes } from 'node:crypto'
import type { Sealing } from '../crypto/sealing.js'
import { KNOWN_SECONDS } from './throttle-limits.js'

/** The owner of a device. */
export interface DeviceOwner {
  readonly clientId: string
  readonly userId: string
  /** The name as typed, for stores that do not find the user before they verify the password. */
  readonly username: string
}

const purpose = 'device token'

/**
 * Creates a token for a device where a user signed in. Presented at the next sign-in, it gives the user attempts of their own, which an
 * attacker cannot use up. It proves nothing else, and never replaces the password. A device that has a token keeps its id, and with it its
 * failures.
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
 * Returns the id of the device; `undefined` for a token that is forged, expired, or of another client or user, which is then ignored.
 * Without a `userId`, the user is not known yet, and the name as typed is compared.
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
