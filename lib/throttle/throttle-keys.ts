import { hash } from '../crypto/hash.js'
import type { ThrottleKind } from '../telemetry/request-events.js'
import { comparableName } from './comparable-name.js'
import { networksOf, type Networks } from './network-of.js'
import type { ThrottleKey } from './throttle.js'

/** What an attempt is counted for, and what is remembered when it succeeds. */
export interface AttemptKeys {
  /** Counted if the account or client has not succeeded from this address before. */
  readonly unknown: readonly ThrottleKey[]
  /** Counted instead if it has. An attacker elsewhere cannot use up these attempts. */
  readonly known: ThrottleKey
  /** The owner of the known address. For each owner, a limited number of addresses is remembered. */
  readonly owner: string
}

/** The same for a sign-in, with more keys. */
export interface AccountKeys extends AttemptKeys {
  /** Counts failures for the user who was found, under all spellings of the name; for the folded name if there is no such user. */
  readonly user: ThrottleKey
  /** The user, or the folded name. A limited number of attempts may be pending for it, and for the network. */
  readonly who: string
  readonly network: string
  /** The party that the password hasher works for: the client, and the largest network that one person may have. */
  readonly party: string
}

/**
 * Returns the keys of a sign-in. Failures are counted for the name as typed, whether or not the user exists, so that a 429 does not reveal
 * which users exist.
 *
 * `found` is given if the store has looked up the name: then the address is remembered for the user under any spelling of the name.
 * Otherwise it is remembered for the exact name: after a sign-in as `Bob`, the address must not be known for `bob`, who may be somebody
 * else.
 */
export function accountKeys(
  clientId: string,
  username: string,
  address: string | undefined,
  found?: { readonly userId: string | undefined },
): AccountKeys {
  const networks = networksOf(address)
  const { network, site } = networks
  const folded = comparableName(username)
  const who = found?.userId === undefined ? ['name', folded] : ['user', found.userId]
  const spelling = found === undefined ? [username] : []
  return {
    unknown: [throttleKey('account', [clientId, folded]), ...networkKeys('address', 'network', networks)],
    known: throttleKey('known_account', [clientId, ...who, ...spelling, network]),
    owner: digest(['owner', clientId, ...who]),
    user: throttleKey('user', [clientId, ...who]),
    who: JSON.stringify(who),
    network,
    party: JSON.stringify([clientId, site ?? network]),
  }
}

/** Returns the key of a device where the user of an account signed in before. */
export function deviceKey(deviceId: string): ThrottleKey {
  return throttleKey('device', [deviceId])
}

/** Returns the key of a user's failures since the last success, at all clients. */
export function inARowKey(userId: string): string {
  return digest(['in a row', userId])
}

/** Returns the keys of a client authentication: of the id as presented. */
export function clientKeys(clientId: string, address: string | undefined): AttemptKeys {
  const networks = networksOf(address)
  return {
    unknown: [throttleKey('client', [clientId]), ...networkKeys('address', 'network', networks)],
    known: throttleKey('known_client', [clientId, networks.network]),
    owner: digest(['owner', clientId]),
  }
}

/** Returns the keys of an unknown token. */
export function tokenKeys(address: string | undefined): readonly ThrottleKey[] {
  return networkKeys('token', 'token_network', networksOf(address))
}

function networkKeys(kind: ThrottleKind, siteKind: ThrottleKind, { network, site }: Networks): readonly ThrottleKey[] {
  const key = throttleKey(kind, [network])
  return site === undefined ? [key] : [key, throttleKey(siteKind, [site])]
}

function throttleKey(kind: ThrottleKind, parts: readonly string[]): ThrottleKey {
  return { kind, key: digest([kind, ...parts]) }
}

/** Digested, so that what was typed is not stored; as JSON, so that two different lists never have the same key. */
function digest(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url')
}
