import type { ServerResponse } from 'node:http'
import type { Auth, ClientAuth, UserAuth } from '../bearer/auth.js'
import type { BearerRequest } from '../bearer/bearer-token.js'
import { bearerChallenge, type ChallengeParams } from '../bearer/challenge.js'
import type { BearerOptions, BearerRequirement } from '../bearer/requirement.js'
import { verifyBearer, type BearerResult, type BearerServices } from '../bearer/verify-bearer.js'
import { publicError } from '../errors/refusal.js'
import { emitError, emitRefusal } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import { isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'
import { beginTrace } from '../telemetry/request-trace.js'
import { HttpRequestContext, type RequestSettings } from './http-request-context.js'
import type { HttpRequest } from './http.js'
import type { ProxyWatch } from './deployment-watch.js'
import type { authOf } from './request-auth.js'
import { withinRequestTime } from './request-deadline.js'
import { isForm, queryHas, readAuthorization } from './request-headers.js'
import { refusePlainHttp, type TlsRule } from './tls.js'
import { writeChallenge, writeError } from './write-answer.js'

/** What a guard works with. */
export interface GuardServices extends BearerServices, ChallengeParams, RequestSettings {
  readonly emit: Emit
  readonly tls: TlsRule
  /** Absent: nobody watches. */
  readonly proxy?: ProxyWatch
}

/**
 * The middleware of a guarded route; `req.auth` behind it has the type that the guard lets pass. The second signature, which
 * Express sees, carries that type; the first is for everything else.
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

/** Makes the guard of a route. */
export interface RequireBearer {
  /**
   * The guard of a route: lets requests pass whose bearer token is valid and has the scope (RFC 6750), and sets `req.auth`.
   * Throws `ConfigurationError` at once for options that no request could satisfy.
   */
  <const For extends 'user' | 'client' | undefined = undefined>(
    options?: BearerOptions<For> & { readonly optional?: false },
  ): BearerGuard<AuthFor<For>>
  /** The same guard, which also lets requests without any credentials pass, with `req.auth` undefined. */
  <const For extends 'user' | 'client' | undefined = undefined>(
    options: BearerOptions<For>,
  ): BearerGuard<AuthFor<For> | undefined>
}

/** Whom a guard lets pass. */
export type AuthFor<For extends 'user' | 'client' | undefined> = For extends 'user'
  ? UserAuth
  : For extends 'client'
    ? ClientAuth
    : Auth

const accessToken: ReadonlySet<string> = new Set(['access_token'])

/** Decides about an HTTP request; the one way for the guard and for Passport. Never throws, never rejects. */
export function judgeRequest(
  services: GuardServices,
  requirement: BearerRequirement,
  req: HttpRequest,
  context: HttpRequestContext,
): MaybePromise<BearerResult> {
  try {
    const request = bearerRequest(req)
    // RFC 6750 §5.3. A request without a token tells nobody anything: it is asked for one, or passes where the guard is optional.
    const plain = services.tls.required === false || !hasToken(request) ? undefined : refusePlainHttp(services.tls, req)
    if (plain !== undefined) return failed(plain)
    const result = verifyBearer(services, requirement, request, context)
    return isPromiseLike(result) ? withinRequestTime(result, services, context).then(undefined, failed) : result
  } catch (thrown) {
    return failed(thrown)
  }

  function failed(thrown: unknown): BearerResult {
    return { verdict: 'refused', error: publicError(thrown) }
  }
}

/** Of whatever form: it was sent in the clear. */
function hasToken({ authorization, tokenElsewhere }: BearerRequest): boolean {
  return tokenElsewhere || (authorization !== undefined && /^bearer/i.test(authorization))
}

/** What of an HTTP request says which token it brings. Throws `invalid_request` for two `Authorization` headers. */
export function bearerRequest(req: HttpRequest): BearerRequest {
  return { authorization: readAuthorization(req), tokenElsewhere: hasTokenElsewhere(req) }
}

/** Makes the guard of a route. What it lets pass is narrower where its requirement is; the caller states that. */
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

/** Answers a request that may not pass (RFC 6750 §3.1), and tells of it. */
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

/** A second token beside the header's: in the query, or in a form that a body parser read (RFC 6750 §2.2, §2.3). */
function hasTokenElsewhere(req: HttpRequest): boolean {
  if (queryHas(req, accessToken)) return true
  const { body } = req
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'access_token') && isForm(req)
}
