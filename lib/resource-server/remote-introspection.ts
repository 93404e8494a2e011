import { describeOptions } from '../checks/describe-options.js'
import { describeValue } from '../checks/kind-of-value.js'
import { checkedBy, valueThat, wholeNumber, type OptionKind } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { checkScheme } from '../checks/check-issuer.js'
import type { Clock } from '../time/clock.js'
import { logText } from '../errors/log-text.js'
import { timeOf } from '../request/request-context.js'
import { hashToken, type TokenHash } from '../crypto/hash.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { limitQuestions, type ThrottleServices } from '../throttle/limit-attempts.js'
import type { IsUser, VerifiedAccess } from '../tokens/access-token-claims.js'
import type { VerifyAccessToken } from '../tokens/verify-access-token.js'
import { issuerUrl, limitedFetch, readJsonObject, shownUrl } from './limited-fetch.js'
import { readIntrospection } from './read-introspection.js'

/** How a resource server asks its issuer about tokens. */
export interface RemoteIntrospectionOptions {
  /** The introspection endpoint. It must return the `token_type` of access tokens, which distinguishes them from refresh tokens. */
  readonly uri: string
  /** A client of the issuer that may introspect, registered for `client_secret_basic`. */
  readonly clientId: string
  /** Its secret. */
  readonly clientSecret: string
  /**
   * Seconds for which a response is cached: the longest time that a revoked token is still accepted. A response is never cached longer than
   * its token lives. Default 0: every request asks the issuer.
   */
  readonly cacheSeconds?: number
  /** Maximum number of cached responses. Default 10,000. */
  readonly cacheSize?: number
  /** The form of the issuer's tokens. Others are refused without asking the issuer. Default: 4 characters or more. */
  readonly tokenForm?: RegExp
  /** Maximum number of concurrent introspection requests. A request that needs one more gets 503. Default 100. */
  readonly concurrentQuestions?: number
  /** Milliseconds for one request. Default 5000. */
  readonly timeoutMilliseconds?: number
  /** Largest response, in bytes. Default 65,536. */
  readonly maxOctets?: number
}

/** Milliseconds without requests after the issuer has refused our credentials, because its throttle counts failures. */
const PAUSE_MILLISECONDS = 1000

interface Answer {
  readonly access: VerifiedAccess | TokenRefusal
  readonly askedAt: number
  readonly until: number
}

/** The services for asking an issuer. */
export interface RemoteIntrospectionServices extends ThrottleServices {
  readonly issuer: string
  readonly allowHttp: boolean
  readonly clock: Clock
  readonly isUser: IsUser | undefined
}

const credential = (): OptionKind<string, 'required'> =>
  checkedBy<string>('a string', (path, value) => {
    if (typeof value === 'string' && value !== '') return
    const remedy = 'Register a client that may introspect, and give its id and secret'
    throw new ConfigurationError(path, `is ${describeValue(value)}; must be a string`, remedy)
  }).required()

const description = describeOptions<RemoteIntrospectionOptions>()('introspection', {
  uri: issuerUrl().required(),
  clientId: credential(),
  clientSecret: credential(),
  cacheSeconds: wholeNumber(0, 86_400).or(0),
  cacheSize: wholeNumber(1, 10_000_000).or(10_000),
  // Shorter tokens could be guessed at once, so no issuer has them.
  tokenForm: valueThat<RegExp>('a RegExp', (value) => value instanceof RegExp).or(/^.{4}/s),
  concurrentQuestions: wholeNumber(1, 10_000).or(100),
  timeoutMilliseconds: wholeNumber(1, 60_000).or(5000),
  maxOctets: wholeNumber(1, 16_777_216).or(65_536),
})

/**
 * Verifies tokens by asking the issuer (RFC 7662). Concurrent requests with the same token share one introspection request. Throws
 * `StoreUnavailableError` without a reliable response, and `ConfigurationError` if the issuer refuses the credentials of the resource
 * server: in both cases the token is not accepted.
 *
 * Made-up tokens do not flood the issuer: their form is checked first, concurrent introspection requests are limited, and failures are
 * counted for each address. A token that was valid before is not subject to the latter.
 */
export function remoteIntrospection(
  services: RemoteIntrospectionServices,
  options: RemoteIntrospectionOptions,
): VerifyAccessToken {
  const { issuer, clock, isUser } = services
  const { cacheSeconds, cacheSize, concurrentQuestions, tokenForm, ...endpoint } = description.read(options)
  checkScheme('introspection.uri', endpoint.uri, services.allowHttp)
  // Without the flags that make a pattern stateful.
  const form = new RegExp(tokenForm.source, tokenForm.flags.replace(/[gy]/g, ''))
  const answers = new Map<TokenHash, Answer>()
  const asking = new Map<TokenHash, Promise<VerifiedAccess | TokenRefusal>>()
  let refusal: { readonly error: ConfigurationError; readonly until: number } | undefined
  /** Tokens that were valid when the issuer was asked last. */
  const good = new Set<TokenHash>()

  return (token, context) => {
    if (!form.test(token)) return 'form'
    const tokenHash = hashToken(token)
    const now = timeOf(context, clock)
    const known = answers.get(tokenHash)
    // If the clock was set back, a response must not be cached longer.
    if (known !== undefined && known.askedAt <= now && now < known.until) return known.access
    answers.delete(tokenHash)
    const waiting = asking.get(tokenHash)
    if (waiting !== undefined) return waiting
    const by = { context, clientId: undefined }
    return good.has(tokenHash)
      ? askOnce(tokenHash, token, now)
      : limitQuestions(services, by, () => askOnce(tokenHash, token, now), isAccess)
  }

  function askOnce(tokenHash: TokenHash, token: string, now: number): Promise<VerifiedAccess | TokenRefusal> {
    // Another request may have asked while this one waited for the throttle.
    const waiting = asking.get(tokenHash)
    if (waiting !== undefined) return waiting
    if (asking.size >= concurrentQuestions) {
      throw new StoreUnavailableError('Too many introspection requests wait for the issuer', { retryAfterSeconds: 1 })
    }
    const asked = ask(token, now)
      .then((access) => {
        if (isAccess(access)) note(good, tokenHash)
        else good.delete(tokenHash)
        if (cacheSeconds > 0) keep(tokenHash, access, now)
        return access
      })
      .finally(() => asking.delete(tokenHash))
    asking.set(tokenHash, asked)
    return asked
  }

  function note(hashes: Set<TokenHash>, tokenHash: TokenHash): void {
    hashes.delete(tokenHash)
    if (hashes.size >= cacheSize) dropOldest(hashes)
    hashes.add(tokenHash)
  }

  async function ask(token: string, now: number): Promise<VerifiedAccess | TokenRefusal> {
    const { clientId, clientSecret, uri, timeoutMilliseconds, maxOctets } = endpoint
    if (refusal !== undefined && Date.now() < refusal.until) throw refusal.error
    const headers = { authorization: basicCredentials(clientId, clientSecret), accept: 'application/json' }
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
    const response = await limitedFetch(uri, { method: 'POST', headers, body }, { timeoutMilliseconds, maxOctets })
    if (!response.ok) {
      const error = await refusalOfClient(uri, response, clientId)
      if (error !== undefined) {
        refusal = { error, until: Date.now() + PAUSE_MILLISECONDS }
        throw error
      }
      const retryAfterSeconds = Number(response.headers.get('retry-after')) || 1
      const message = `${shownUrl(uri)} responded with ${String(response.status)}`
      throw new StoreUnavailableError(message, { retryAfterSeconds })
    }
    return readIntrospection(await readJsonObject(uri, response), issuer, now, isUser)
  }

  function keep(tokenHash: TokenHash, access: VerifiedAccess | TokenRefusal, askedAt: number): void {
    if (answers.size >= cacheSize) dropOldest(answers)
    // Counted from the request, in case the token was revoked while the response was on its way.
    const end = typeof access === 'string' ? Infinity : access.expiresAt
    answers.set(tokenHash, { access, askedAt, until: Math.min(askedAt + cacheSeconds, end) })
  }
}

function isAccess(access: VerifiedAccess | TokenRefusal): access is VerifiedAccess {
  return typeof access !== 'string'
}

function dropOldest<Key>(kept: { keys(): Iterable<Key>; delete(key: Key): boolean }): void {
  const [oldest] = kept.keys()
  if (oldest !== undefined) kept.delete(oldest)
}

/** RFC 6749 §2.3.1: both parts form-encoded. */
function basicCredentials(clientId: string, clientSecret: string): string {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`
}

/**
 * Returns the error for an issuer that refuses the credentials of this resource server (RFC 7662 §2.3); `undefined` for any other response.
 * A mistake in the configuration, because waiting does not help.
 */
async function refusalOfClient(
  uri: string,
  response: Response,
  clientId: string,
): Promise<ConfigurationError | undefined> {
  const { status } = response
  const isWrong = status === 401 || status === 403
  if (!isWrong && !(status === 400 && /"(?:invalid|unauthorized)_client"/.test(await response.text()))) return undefined
  const problem = `${shownUrl(uri)} refused client ${logText(clientId)} with ${String(status)}`
  const remedy =
    'Give clientId and clientSecret of a client that the issuer knows, that is registered for client_secret_basic, and may introspect'
  return new ConfigurationError('introspection', problem, remedy)
}
