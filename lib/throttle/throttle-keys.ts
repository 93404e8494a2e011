import { hash } from 'node:crypto'
import type { ThrottleKind } from '../protocol/throttle-kind.js'
import { networkOf } from './network-of.js'
import type { ThrottleKey } from './throttle.js'

/** What an attempt is counted for, and what is remembered of it when it succeeds. */
export interface AttemptKeys {
  /** Counted when the account or client has not succeeded from this address yet. */
  readonly unknown: readonly ThrottleKey[]
  /** Counted in their place when it has: no stranger elsewhere can use these up. */
  readonly known: ThrottleKey
}

/** The keys of a sign-in: the name as typed, whether or not there is such a user (so that a lock tells nothing of that). */
export function accountKeys(clientId: string, username: string, address: string | undefined): AttemptKeys {
  const network = networkOf(address)
  return {
    unknown: [throttleKey('account', [clientId, comparableName(username)]), throttleKey('address', [network])],
    // As typed, letter by letter: who signs in as `Bob` must not be known as `bob`, who may be somebody else.
    known: throttleKey('known_account', [clientId, username, network]),
  }
}

/** The keys of a client that authenticates: the id as presented. */
export function clientKeys(clientId: string, address: string | undefined): AttemptKeys {
  const network = networkOf(address)
  return {
    unknown: [throttleKey('client', [clientId]), throttleKey('address', [network])],
    known: throttleKey('known_client', [clientId, network]),
  }
}

/** The keys of a token that nobody issued. */
export function tokenKeys(address: string | undefined): readonly ThrottleKey[] {
  return [throttleKey('token', [networkOf(address)])]
}

/** Digested, so that what was typed does not lie around; as JSON, so that no two lists make one key. */
function throttleKey(kind: ThrottleKind, parts: readonly string[]): ThrottleKey {
  return { kind, key: hash('sha256', JSON.stringify([kind, ...parts]), 'base64url') }
}

/** Letters that no normal form takes apart, though databases compare them as if it did. */
const withoutStroke: Readonly<Record<string, string>> = { ø: 'o', đ: 'd', ħ: 'h', ł: 'l', ŧ: 't', ı: 'i' }

/**
 * All spellings that some user store may take for one name share a counter, for more of them must not be more guesses: upper case,
 * compatible forms, accents, spaces, characters that nobody sees. Databases leave out some of these when they compare; MySQL all.
 */
function comparableName(username: string): string {
  return username
    .normalize('NFKD')
    .replace(/(?=\p{M})\p{Diacritic}|[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\s]/gu, '')
    .toUpperCase()
    .toLowerCase()
    .replace(/[øđħłŧı]/g, (letter) => withoutStroke[letter] ?? letter)
}
