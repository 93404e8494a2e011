import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { describeOptions } from '../checks/describe-options.js'
import { wholeNumber } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { isStoreUnavailableError, StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { logText } from '../errors/log-text.js'
import type { SigningAlgorithm, VerificationKey } from '../jose/signing-key.js'
import { wellKnownPath } from '../endpoints/metadata.js'
import { checkScheme, isOnLoopback, isProtected } from '../checks/check-issuer.js'
import type { FindKey } from '../jose/jwt.js'
import { issuerUrl, limitedFetch, readJsonObject, shownUrl } from './limited-fetch.js'

/** How a resource server gets its issuer's published keys. */
export interface RemoteKeysOptions {
  /** The URL of the keys. Default: the one in the issuer's metadata (RFC 8414). */
  readonly uri?: string
  /** Milliseconds for one request. Default 5000. */
  readonly timeoutMilliseconds?: number
  /** Largest response, in bytes. Default 65,536. */
  readonly maxOctets?: number
  /** Seconds for which keys are cached, even while the issuer cannot be reached. Default 600. */
  readonly cacheSeconds?: number
  /** Seconds after the keys were fetched in which an unknown `kid` does not cause another request. Default 30. */
  readonly cooldownSeconds?: number
}

const description = describeOptions<RemoteKeysOptions>()('jwks', {
  uri: issuerUrl(),
  timeoutMilliseconds: wholeNumber(1, 60_000).or(5000),
  maxOctets: wholeNumber(1, 16_777_216).or(65_536),
  cacheSeconds: wholeNumber(1, 86_400).or(600),
  cooldownSeconds: wholeNumber(1, 86_400).or(30),
})

/** Milliseconds without requests after one has failed: as long as the `Retry-After` of the waiting clients. */
const PAUSE_MILLISECONDS = 1000

/** A key of the latest response, with its `kid` there. */
interface PublishedKey extends VerificationKey {
  readonly keyId: unknown
}

interface KeySet {
  readonly keys: readonly PublishedKey[]
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number
}

/**
 * Finds verification keys in the set that an issuer publishes. The set is fetched when it is first needed, by one request for all that
 * wait, and again for an unknown key, but not more often than the cool-down allows. Throws `StoreUnavailableError` without a usable set,
 * and `ConfigurationError` if the metadata of the issuer contradicts the options.
 */
export function remoteKeys(issuer: string, options: RemoteKeysOptions, allowHttp: boolean): FindKey {
  const { cacheSeconds, cooldownSeconds, timeoutMilliseconds, maxOctets, ...given } = description.read(options)
  const limits = { timeoutMilliseconds, maxOctets }
  let { uri } = given
  if (uri !== undefined) checkScheme('jwks.uri', uri, allowHttp)
  let newest: KeySet | undefined
  let fetching: Promise<KeySet> | undefined
  let failure: { readonly error: unknown; readonly until: number } | undefined

  return (header) => {
    if (newest !== undefined && isWithin(newest, cacheSeconds)) {
      const key = findIn(newest, header)
      if (key !== undefined || isWithin(newest, cooldownSeconds)) return key
    }
    fetching ??= fetchKeys().finally(() => (fetching = undefined))
    return fetching.then((set) => findIn(set, header))
  }

  async function fetchKeys(): Promise<KeySet> {
    try {
      uri ??= await discover()
      newest = { keys: await ask(uri, readKeys), fetchedAt: Date.now() }
      return newest
    } catch (error) {
      if (isStoreUnavailableError(error) || error instanceof ConfigurationError) throw error
      throw new StoreUnavailableError('The keys of the issuer cannot be used', { cause: error })
    }
  }

  function discover(): Promise<string> {
    const url = new URL(wellKnownPath('oauth-authorization-server', issuer), issuer).href
    return ask(url, ({ issuer: named, jwks_uri: uri }) => {
      // RFC 8414 §3.3: metadata of another issuer MUST NOT be used.
      if (typeof named !== 'string') throw new StoreUnavailableError(`${shownUrl(url)} responded without an issuer`)
      if (named !== issuer) throw otherIssuer(url, issuer, named)
      if (typeof uri === 'string' && URL.canParse(uri) && (isProtected(uri) || isBesidePlainIssuer(uri, issuer))) {
        // A remote issuer must not make us send requests to ports of this machine.
        if (!isOnLoopback(uri) || isOnLoopback(issuer)) return uri
      }
      const keys = typeof uri === 'string' ? `jwks_uri ${logText(uri)}, which is not an https URL` : 'no jwks_uri'
      throw new ConfigurationError(
        'jwks',
        `the metadata at ${shownUrl(url)} has ${keys}`,
        'Set jwks: { uri } to the URL of the keys',
      )
    })
  }

  async function ask<T>(url: string, read: (answer: JsonObject, url: string) => T): Promise<T> {
    if (failure !== undefined && Date.now() < failure.until) throw failure.error
    try {
      const response = await limitedFetch(url, { headers: { accept: 'application/json' } }, limits)
      if (!response.ok) throw new StoreUnavailableError(`${shownUrl(url)} responded with ${String(response.status)}`)
      return read(await readJsonObject(url, response), url)
    } catch (error) {
      failure = { error, until: Date.now() + PAUSE_MILLISECONDS }
      throw error
    }
  }
}

type JsonObject = Readonly<Record<string, unknown>>

/** Creates the error for an issuer that has another name than in the options. A mistake in the configuration: waiting does not help. */
function otherIssuer(url: string, issuer: string, named: string): ConfigurationError {
  const name = logText(named)
  const problem = `the issuer at ${shownUrl(url)} calls itself ${name}, and this resource server expects ${logText(issuer)}`
  return new ConfigurationError('issuer', problem, `If it is the right one, write issuer: '${name}'`)
}

/** Returns whether keys are on the same host as an `http` issuer, which `allowHttp` allows. */
function isBesidePlainIssuer(uri: string, issuer: string): boolean {
  const [keys, named] = [new URL(uri), new URL(issuer)]
  return named.protocol === 'http:' && keys.protocol === 'http:' && keys.hostname === named.hostname
}

/** RFC 7517 §5: a key that cannot be used is ignored, and the others are used. */
function readKeys({ keys }: JsonObject, url: string): readonly PublishedKey[] {
  if (!Array.isArray(keys)) throw new StoreUnavailableError(`${shownUrl(url)} responded without a list of keys`)
  return keys.flatMap(readKey)
}

/** Returns the key once for each algorithm that it may verify. A published private key verifies nothing: anybody can sign with it. */
function readKey(jwk: JsonWebKey): PublishedKey[] {
  try {
    const verifyWith = createPublicKey({ key: jwk, format: 'jwk' })
    const { kid: keyId, alg, use = 'sig', key_ops: uses = ['verify'] } = jwk
    if ('d' in jwk || use !== 'sig' || !Array.isArray(uses) || !uses.includes('verify')) return []
    return algorithmsOf(verifyWith)
      .filter((algorithm) => alg === undefined || alg === algorithm)
      .map((algorithm) => ({ keyId, algorithm, verifyWith }))
  } catch {
    return []
  }
}

/**
 * Returns the algorithms of a key: asymmetric ones only, so that a verifier cannot sign (RFC 8725 §2.1). None for another type of key, and
 * for a weak one (§3.5).
 */
function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): readonly SigningAlgorithm[] {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails
  if (asymmetricKeyType === 'rsa') return modulusLength >= 2048 ? ['RS256', 'PS256'] : []
  if (asymmetricKeyType === 'ec') return namedCurve === 'prime256v1' ? ['ES256'] : []
  return asymmetricKeyType === 'ed25519' ? ['EdDSA'] : []
}

/** Returns the key that a header identifies; `undefined` if several fit. */
function findIn({ keys }: KeySet, { keyId, algorithm }: Parameters<FindKey>[0]): PublishedKey | undefined {
  const fits = (key: PublishedKey): boolean =>
    key.algorithm === algorithm && (keyId === undefined || key.keyId === keyId)
  const found = keys.find(fits)
  return found !== undefined && keys.findLast(fits) === found ? found : undefined
}

function isWithin({ fetchedAt }: KeySet, seconds: number): boolean {
  return Date.now() < fetchedAt + seconds * 1000
}
