import { createPublicKey, KeyObject, type JsonWebKey } from 'node:crypto'
import { createRemoteJWKSet, customFetch, errors } from 'jose'
import { isStoreUnavailableError, StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { SigningAlgorithm } from '../protocol/signing-algorithm.js'
import { wellKnownPath } from '../endpoints/metadata.js'
import { isOnLoopback, isProtected } from '../protocol/check-issuer.js'
import type { FindKey } from '../tokens/jwt.js'
import type { VerificationKey } from '../tokens/signing-key.js'
import { limitedFetch } from './limited-fetch.js'

/** How a resource server gets its issuer's published keys. */
export interface RemoteKeysOptions {
  /** Where they are. Default: what the issuer's metadata says (RFC 8414). */
  readonly uri?: string
  /** Milliseconds for one request. Default 5000. */
  readonly timeoutMilliseconds?: number
  /** Largest answer, in octets. Default 65,536. */
  readonly maxOctets?: number
  /** Seconds for which keys are used without asking again, also while the issuer cannot be reached. Default 600. */
  readonly cacheSeconds?: number
  /** Seconds after keys were fetched in which an unknown `kid` does not cause another request. Default 30. */
  readonly cooldownSeconds?: number
}

/** Asymmetric algorithms only: nobody who verifies may be able to sign (RFC 8725 §2.1). */
const accepted: readonly SigningAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA']

/** After a request that failed nobody asks for this long: as long as those who wait are told to. */
const PAUSE_MILLISECONDS = 1000

/**
 * Finds verification keys in the set that an issuer publishes: fetched when first needed, by one request for all who wait, and
 * again for an unknown key, but not oftener than the cool-down allows. Throws `StoreUnavailableError` without a usable set.
 */
export function remoteKeys(issuer: string, options: RemoteKeysOptions): FindKey {
  const { timeoutMilliseconds = 5000, maxOctets = 65_536, cacheSeconds = 600, cooldownSeconds = 30 } = options
  const limits = { timeoutMilliseconds, maxOctets }
  /** Those that were found in the newest answer, so that a key that is known is found without a promise. */
  let found = new Map<string, VerificationKey>()
  let opening: Promise<RemoteKeySet> | undefined
  let opened: RemoteKeySet | undefined
  let failure: { readonly error: unknown; readonly until: number } | undefined

  return (header) => {
    const name = header.keyId === undefined ? header.algorithm : `${header.algorithm} ${header.keyId}`
    return (opened?.fresh === true ? found.get(name) : undefined) ?? find(name, header)
  }

  async function find(name: string, header: Parameters<FindKey>[0]): Promise<VerificationKey | undefined> {
    const { keyId } = header
    const algorithm = accepted.find((candidate) => candidate === header.algorithm)
    if (algorithm === undefined) return undefined
    try {
      opened = await (opening ??= open())
      const before = found
      const key = await opened({ alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }) }, noToken)
      const known = before.get(name)
      if (known !== undefined) return known
      const verificationKey = { algorithm, verifyWith: KeyObject.from(key) }
      before.set(name, verificationKey)
      return verificationKey
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
        return undefined
      if (isStoreUnavailableError(error)) throw error
      throw new StoreUnavailableError('The keys of the issuer cannot be used', { cause: error })
    }
  }

  async function open(): Promise<RemoteKeySet> {
    try {
      return createRemoteJWKSet(new URL(options.uri ?? (await discover())), {
        timeoutDuration: timeoutMilliseconds,
        cooldownDuration: cooldownSeconds * 1000,
        cacheMaxAge: cacheSeconds * 1000,
        [customFetch]: async (url: string) => {
          const answer = Response.json(await ask(url, usableKeys))
          // Another map: who is about to note a key of the former answer notes it there.
          found = new Map()
          return answer
        },
      })
    } catch (error) {
      // Asked for again by the next request: the issuer may be there by then.
      opening = undefined
      throw error
    }
  }

  function discover(): Promise<string> {
    return ask(new URL(wellKnownPath('oauth-authorization-server', issuer), issuer).href, (metadata) => {
      const { issuer: named, jwks_uri: uri } = metadata
      // RFC 8414 §3.3: metadata of another issuer MUST NOT be used. An issuer elsewhere must not send us to the machine's own ports.
      if (named === issuer && typeof uri === 'string' && URL.canParse(uri) && isProtected(uri)) {
        if (!isOnLoopback(uri) || isOnLoopback(issuer)) return uri
      }
      throw new StoreUnavailableError('The metadata of the issuer names no keys, or another issuer')
    })
  }

  async function ask<T>(url: string, read: (answer: JsonObject) => T): Promise<T> {
    if (failure !== undefined && Date.now() < failure.until) throw failure.error
    try {
      const response = await limitedFetch(url, { headers: { accept: 'application/json' } }, limits)
      if (!response.ok) throw new StoreUnavailableError(`The issuer answered ${String(response.status)}`)
      return read((await response.json()) as JsonObject)
    } catch (error) {
      failure = { error, until: Date.now() + PAUSE_MILLISECONDS }
      throw error
    }
  }
}

type JsonObject = Readonly<Record<string, unknown>>

/** RFC 7517 §5: a key that cannot be used is ignored, not the others with it. */
function usableKeys({ keys }: JsonObject): { readonly keys: readonly unknown[] } {
  if (!Array.isArray(keys)) throw new StoreUnavailableError('The issuer answered something that is not a set of keys')
  return { keys: keys.filter(isUsable) }
}

/** A private key that is published is anybody's, and a weak one can be found (RFC 8725 §3.5). */
function isUsable(jwk: JsonWebKey): boolean {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: jwk, format: 'jwk' })
    return !('d' in jwk) && (asymmetricKeyDetails?.modulusLength ?? 2048) >= 2048
  } catch {
    return false
  }
}

type RemoteKeySet = ReturnType<typeof createRemoteJWKSet>

/** jose wants to see the token, for sets that are not remote. */
const noToken = { payload: '', signature: '' }
