import type { ServerResponse } from 'node:http'
import type { Auth, ClientAuth, UserAuth } from '../bearer/auth.js'
import type { BearerRequest } from '../bearer/bearer-token.js'
import { bearerChallenge, type ChallengeParams } from '../bearer/challenge.js'
import type { BearerOptions, BearerRequirement } from '../bearer/requirement.js'
import { verifyBearer, type BearerResult, type BearerServices } from '../bearer/verify-bearer.js'
import { publicError } from '../errors/refusal.js'
import { emitError, emitRefusal } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import { isPromiseLike, orElse, type MaybePromise } from '../time/maybe-promise.js'
import { beginTrace } from '../telemetry/request-trace.js'
import { HttpRequestContext, type RequestSettings } from './http-request-context.js'
import type { HttpRequest } from './http.js'
import type { ProxyWatch } from './deployment-watch.js'
import type { authOf } from './request-auth.js'
import { withinRequestTime } from './request-deadline.js'
import { isForm, queryHas, readAuthorization } from './request-headers.js'
import { refusePlainHttp, type TlsRule } from './tls.js'
import { writeChallenge, writeError } from './write-answer.js'

/** The services of a guard. */
export interface GuardServices extends BearerServices, ChallengeParams, RequestSettings {
  readonly emit: Emit
  readonly tls: TlsRule
  /** Absent: proxies are not watched. */
  readonly proxy?: ProxyWatch
}

/**
 * The middleware of a guarded route. After it, `req.auth` has the type that the guard accepts: the second signature carries it, and is the
 * one that Express sees; the first is for everything else.
 */
export interface BearerGuard<A extends Auth | undefined = Auth> {
  (req: HttpRequest & { auth?: unknown }, res: ServerResponse, next: (error?: unknown) => void): void
  (
    req: HttpRequest & { auth?: unknown },
    // eslint-disable-next-line @typescript-eslint/unified-signatures -- a union would not tell Express what `A` is
    res: ServerResponse & { readonly locals: { readonly [authOf]?: readonly [A] } },
    next: (error?: unknown) => void,
  ): void
}

/** Creates the guard of a route. */
export interface RequireBearer {
  /**
   * Creates the guard of a route: accepts requests whose bearer token is valid and has the scope (RFC 6750), and sets `req.auth`. Throws
   * `ConfigurationError` at startup for options that no request could satisfy.
   *
   * @example
   * ```ts
   * app.get('/orders', oauth.requireBearer({ scope: 'orders:read', for: 'user' }), (req, res) => {
   *   res.json({ orders: [], of: req.auth.userId })
   * })
   * ```
   */
  <const For extends 'user' | 'client' | undefined = undefined>(
    options?: BearerOptions<For> & { readonly optional?: false },
  ): BearerGuard<AuthFor<For>>
  /** Creates the same guard, which also accepts requests without credentials, with `req.auth` undefined. */
  <const For extends 'user' | 'client' | undefined = undefined>(
    options: BearerOptions<For>,
  ): BearerGuard<AuthFor<For> | undefined>
}

/** The type of `req.auth` that a guard accepts. */
export type AuthFor<For extends 'user' | 'client' | undefined> = For extends 'user'
  ? UserAuth
  : For extends 'client'
    ? ClientAuth
    : Auth

const accessToken: ReadonlySet<string> = new Set(['access_token'])

/** Decides whether to accept an HTTP request, for the guard and for Passport. Never throws, never rejects. */
export function judgeRequest(
  services: GuardServices,
  requirement: BearerRequirement,
  req: HttpRequest,
  context: HttpRequestContext,
): MaybePromise<BearerResult> {
  return orElse<BearerResult, BearerResult>(() => {
    const request = bearerRequest(req)
    // RFC 6750 §5.3. A request without a token reveals nothing, so it needs no TLS.
    const plain = services.tls.required === false || !hasToken(request) ? undefined : refusePlainHttp(services.tls, req)
    if (plain !== undefined) return refusedWith(plain)
    const result = verifyBearer(services, requirement, request, context)
    return isPromiseLike(result) ? withinRequestTime(result, services, context) : result
  }, refusedWith)
}

function refusedWith(thrown: unknown): BearerResult {
  return { verdict: 'refused', error: publicError(thrown) }
}

/** Returns whether a request has a token, well-formed or not: without TLS, it has been exposed. */
function hasToken({ authorization, tokenElsewhere }: BearerRequest): boolean {
  return tokenElsewhere || (authorization !== undefined && /^bearer/i.test(authorization))
}

/** Returns the parts of an HTTP request that may have a token. Throws `invalid_request` for two `Authorization` headers. */
export function bearerRequest(req: HttpRequest): BearerRequest {
  return { authorization: readAuthorization(req), tokenElsewhere: hasTokenElsewhere(req) }
}

/** Creates the guard of a route. The caller narrows its type to that of the requirement. */
export function bearerGuard(services: GuardServices, requirement: BearerRequirement): BearerGuard<Auth | undefined> {
  return (req, res, next) => {
    const context = new HttpRequestContext(req, 'guard', services)
    const trace = beginTrace(context)
    const result = judgeRequest(services, requirement, req, context)
    if (isPromiseLike(result)) void result.then(conclude).then(undefined, next)
    else conclude(result)

    function conclude(result: BearerResult): void {
      trace?.end(outcomeOf(result))
      if (result.verdict === 'accepted') {
        req.auth = result.auth
        next()
      } else if (result.verdict === 'anonymous' && requirement.optional) {
        req.auth = undefined
        next()
      } else {
        services.proxy?.see(req, context)
        writeRefusal(services, requirement, context, res, result)
      }
    }
  }
}

/** Responds to a request that is not accepted (RFC 6750 §3.1), and emits an event. */
export function writeRefusal(
  guard: ChallengeParams & { readonly emit: Emit },
  requirement: BearerRequirement,
  context: HttpRequestContext,
  res: ServerResponse,
  result: Exclude<BearerResult, { verdict: 'accepted' }>,
): void {
  if (result.verdict === 'anonymous') {
    emitRefusal(guard.emit, context, { status: 401, error: undefined, description: undefined, ...result.why })
    writeChallenge(res, bearerChallenge(guard, requirement) ?? '', context.requestId)
    return
  }
  const { error } = result
  emitError(guard.emit, context, error)
  writeError(res, error, bearerChallenge(guard, requirement, error), context.requestId)
}

function outcomeOf(result: BearerResult): string {
  if (result.verdict === 'refused') return result.error.code
  return result.verdict === 'accepted' ? 'ok' : 'anonymous'
}

/** Returns whether there is a token in the query, or in a form that a body parser has read (RFC 6750 §2.2, §2.3). */
function hasTokenElsewhere(req: HttpRequest): boolean {
  if (queryHas(req, accessToken)) return true
  const { body } = req
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'access_token') && isForm(req)
}
