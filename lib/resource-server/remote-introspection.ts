import { describeOptions } from '../checks/describe-options.js'
import { describeValue } from '../checks/kind-of-value.js'
import { checkedBy, valueThat, wholeNumber, type OptionKind } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { checkScheme, differInSlash } from '../checks/check-issuer.js'
import type { Clock } from '../time/clock.js'
import { logText } from '../errors/log-text.js'
import { timeOf } from '../request/request-context.js'
import { hashToken, type TokenHash } from '../crypto/hash.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { limitQuestions, type ThrottleServices } from '../throttle/limit-attempts.js'
import { isStrings } from '../protocol/grammar.js'
import { actorOf, isTime, type IsUser } from '../tokens/access-token-claims.js'
import type { JwtClaims } from '../jose/jwt.js'
import type { VerifiedAccess } from '../tokens/verified-access.js'
import type { VerifyAccessToken } from '../tokens/verify-access-token.js'
import { issuerUrl, limitedFetch, readJsonObject, shownUrl } from './limited-fetch.js'

/** How a resource server asks its issuer about tokens. */
export interface RemoteIntrospectionOptions {
  /** The introspection endpoint; it has to tell the `token_type` of access tokens, which is what refresh tokens lack. */
  readonly uri: string
  /** A client of the issuer that may introspect, with `client_secret_basic`. */
  readonly clientId: string
  /** Its secret. */
  readonly clientSecret: string
  /**
   * Seconds for which an answer is used again: the longest time that a revoked token may still pass. An answer never outlives
   * its token. Default 0: every request asks.
   */
  readonly cacheSeconds?: number
  /** Most answers that are kept. Default 10,000. */
  readonly cacheSize?: number
  /** The form of the issuer's tokens: what does not match is refused without a question. Default: 4 characters or more. */
  readonly tokenForm?: RegExp
  /** Most questions at once; a request that would need one more is answered 503. Default 100. */
  readonly concurrentQuestions?: number
  /** Milliseconds for one request. Default 5000. */
  readonly timeoutMilliseconds?: number
  /** Largest answer, in octets. Default 65,536. */
  readonly maxOctets?: number
}

/** After the issuer refused our credentials nobody asks for this long: its throttle counts that. */
const PAUSE_MILLISECONDS = 1000

interface Answer {
  readonly access: VerifiedAccess | TokenRefusal
  readonly askedAt: number
  readonly until: number
}

/** What asking an issuer works with. */
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
  // Shorter ones are tried out in no time: an issuer that makes them has no tokens.
  tokenForm: valueThat<RegExp>('a RegExp', (value) => value instanceof RegExp).or(/^.{4}/s),
  concurrentQuestions: wholeNumber(1, 10_000).or(100),
  timeoutMilliseconds: wholeNumber(1, 60_000).or(5000),
  maxOctets: wholeNumber(1, 16_777_216).or(65_536),
})

/**
 * Verifies tokens by asking the issuer (RFC 7662): one request for all who wait for the same token. Throws
 * `StoreUnavailableError` when there is no answer that can be relied on, and `ConfigurationError` when the issuer refuses the credentials
 * of the resource server; such a request never passes.
 *
 * Made-up tokens do not flood the issuer: their form is checked first, questions at once are bounded, and failures are counted for each
 * address. A token that was good before is asked about in any case.
 */
export function remoteIntrospection(
  services: RemoteIntrospectionServices,
  options: RemoteIntrospectionOptions,
): VerifyAccessToken {
  const { issuer, clock, isUser } = services
  const { cacheSeconds, cacheSize, concurrentQuestions, tokenForm, ...endpoint } = description.read(options)
  checkScheme('introspection.uri', endpoint.uri, services.allowHttp)
  // Without the flags by which a pattern remembers where it was.
  const form = new RegExp(tokenForm.source, tokenForm.flags.replace(/[gy]/g, ''))
  const answers = new Map<TokenHash, Answer>()
  const asking = new Map<TokenHash, Promise<VerifiedAccess | TokenRefusal>>()
  let refusal: { readonly error: ConfigurationError; readonly until: number } | undefined
  /** Tokens that were good when the issuer was asked last. */
  const good = new Set<TokenHash>()

  return (token, context) => {
    if (!form.test(token)) return 'form'
    const tokenHash = hashToken(token)
    const now = timeOf(context, clock)
    const known = answers.get(tokenHash)
    // A clock that was set back must not let an answer live longer.
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
    // Somebody may have asked while the counters were.
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
    // Counted from the question: what was revoked while the answer was on its way is not late.
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

/** The mistake that the issuer refuses this resource server, if that is it (RFC 7662 §2.3). No time mends it, and no secret is told. */
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

/** Judges an answer (RFC 7662 §2.2, §4). Only a proper `true` is active; a token without an end, or bound to a key, is none. */
function readIntrospection(
  answer: JwtClaims,
  issuer: string,
  now: number,
  isUser: IsUser | undefined,
): VerifiedAccess | TokenRefusal {
  const {
    active,
    iss = issuer,
    client_id: clientId,
    sub = clientId,
    scope = '',
    aud = [],
    exp,
    iat = now,
    sid,
    jti,
    token_type: type,
  } = answer
  if (active !== true) return 'inactive'
  if (iss !== issuer) return differInSlash(iss, issuer) ? 'issuer_slash' : 'issuer'
  if (typeof clientId !== 'string') return 'claim_client_id'
  if (typeof sub !== 'string') return 'claim_sub'
  // A refresh token of the client that asks is active too, and only this tells it from an access token.
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return 'wrong_kind'
  if (typeof scope !== 'string') return 'claim_scope'
  if (!isTime(exp)) return 'claim_exp'
  if (!isTime(iat)) return 'claim_iat'
  if (now >= exp) return 'expired'
  if ('cnf' in answer) return 'sender_constrained'
  const audience = typeof aud === 'string' ? [aud] : aud
  if (!isStrings(audience)) return 'claim_aud'
  const actor = actorOf(answer, sub === clientId, isUser)
  return {
    clientId,
    userId: actor === 'user' ? sub : undefined,
    unknownSubject: actor === 'unknown' ? sub : undefined,
    authorizationId: typeof sid === 'string' ? sid : undefined,
    scope,
    audience: Object.freeze(audience),
    issuedAt: iat,
    expiresAt: exp,
    tokenId: typeof jti === 'string' ? jti : undefined,
    claims: Object.freeze(answer),
  }
}
