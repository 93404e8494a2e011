import { hash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { ThrottleKind } from '../protocol/throttle-kind.js'
import type { ThrottleKey } from './throttle.js'

/** What an attempt is counted for, and what is remembered of it when it succeeds. */
export interface AttemptKeys {
  /** Counted when the account or client has not succeeded from this address yet. */
  readonly unknown: readonly ThrottleKey[]
  /** Counted in their place when it has: no stranger elsewhere can use these up. Absent: there is no address. */
  readonly known: ThrottleKey | undefined
}

/** The keys of a sign-in: the name as typed, whether or not there is such a user (so that a lock tells nothing of that). */
export function accountKeys(clientId: string, username: string, address: string | undefined): AttemptKeys {
  const name = comparableName(username)
  return attemptKeys('account', [clientId, name], address)
}

/** The keys of a client that authenticates: the id as presented. */
export function clientKeys(clientId: string, address: string | undefined): AttemptKeys {
  return attemptKeys('client', [clientId], address)
}

/** The keys of a token that nobody issued; none when there is no address. */
export function tokenKeys(address: string | undefined): readonly ThrottleKey[] {
  return address === undefined ? [] : [throttleKey('token', [networkOf(address)])]
}

function attemptKeys(kind: 'account' | 'client', names: readonly string[], address: string | undefined): AttemptKeys {
  const everywhere = throttleKey(kind, names)
  if (address === undefined) return { unknown: [everywhere], known: undefined }
  const network = networkOf(address)
  return {
    unknown: [everywhere, throttleKey('address', [network])],
    known: throttleKey(`known_${kind}`, [...names, network]),
  }
}

/** Digested, so that what was typed does not lie around; each part with its length, so that no two lists make one key. */
function throttleKey(kind: ThrottleKind, parts: readonly string[]): ThrottleKey {
  return { kind, key: hash('sha256', JSON.stringify([kind, ...parts]), 'base64url') }
}

/** All spellings that some user store may take for one name share a counter: more of them must not be more guesses. */
function comparableName(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase()
}

/** An IPv4 address, or the network of an IPv6 address (/64): who has one of its addresses has all. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [withoutZone = ''] = address.split('%')
  const [head = '', tail] = withoutZone.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  // An IPv4 address at the end stands for two groups.
  const length = before.length + after.length + Number(after.at(-1)?.includes('.') ?? false)
  const zeros = tail === undefined ? 0 : 8 - length
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
