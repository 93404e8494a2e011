import { hash } from '../crypto/hash.js'
import type { ThrottleKind } from '../telemetry/request-events.js'
import { comparableName } from './comparable-name.js'
import { networksOf, type Networks } from './network-of.js'
import type { ThrottleKey } from './throttle.js'

/** What an attempt is counted for, and what is remembered of it when it succeeds. */
export interface AttemptKeys {
  /** Counted when the account or client has not succeeded from this address yet. */
  readonly unknown: readonly ThrottleKey[]
  /** Counted in their place when it has: no stranger elsewhere can use these up. */
  readonly known: ThrottleKey
  /** To whom the known address belongs: of each owner a limited number is remembered. */
  readonly owner: string
}

/** The same of a sign-in, and what it needs besides. */
export interface AccountKeys extends AttemptKeys {
  /** Counts failures at the user who was found, or at nobody, under all spellings of the name. */
  readonly user: ThrottleKey
  /** The user, or the name as it is compared; and the network. A limited number of attempts is under way at each of them. */
  readonly who: string
  readonly network: string
  /** For whom the work is done: the client, and the largest network that one person has. */
  readonly party: string
}

/**
 * The keys of a sign-in. Failures count for the name as typed, whether or not there is such a user, so that a 429 does not tell.
 *
 * `found`: the store looked the name up before, and found this user or nobody. Then the address is remembered for the user, however the
 * name is spelt. Else it is remembered for the name letter by letter: who signs in as `Bob` must not be known as `bob`.
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

/** The key of a device where the user of an account signed in before. */
export function deviceKey(deviceId: string): ThrottleKey {
  return throttleKey('device', [deviceId])
}

/** Names the failures of a user since the last success, at all clients. */
export function inARowKey(userId: string): string {
  return digest(['in a row', userId])
}

/** The keys of a client that authenticates: the id as presented. */
export function clientKeys(clientId: string, address: string | undefined): AttemptKeys {
  const networks = networksOf(address)
  return {
    unknown: [throttleKey('client', [clientId]), ...networkKeys('address', 'network', networks)],
    known: throttleKey('known_client', [clientId, networks.network]),
    owner: digest(['owner', clientId]),
  }
}

/** The keys of a token that nobody issued. */
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

/** Digested, so that what was typed is not kept; as JSON, so that no two lists make one key. */
function digest(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url')
}
