import { bearerRequirement } from '../bearer/requirement.js'
import { resourceMetadata, wellKnownPath } from '../endpoints/metadata.js'
import { createEmit, noticedWarning } from '../telemetry/emit.js'
import { documentHandler } from '../http/document-handler.js'
import { type HttpHandler, refuseUncalled } from '../http/http.js'
import { bearerGuard, type RequireBearer } from '../http/require-bearer.js'
import { router } from '../http/router.js'
import { tlsRule } from '../http/tls.js'
import { andThen } from '../time/maybe-promise.js'
import { isProtected } from '../checks/check-issuer.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import { applicationContext, timeOf } from '../request/request-context.js'
import { noteRefused } from '../request/request-facts.js'
import { checkThrottle } from '../throttle/throttle.js'
import type { ThrottleServices } from '../throttle/limit-attempts.js'
import { memoryThrottle } from '../throttle/memory-throttle.js'
import { CLOCK_SKEW_SECONDS, readAccessTokenClaims } from '../tokens/access-token-claims.js'
import { verifyJwt } from '../jose/jwt.js'
import { factsOfJwt } from '../tokens/refused-jwt.js'
import { VerifiedJwts } from '../jose/verified-jwts.js'
import type { VerifyAccessToken } from '../tokens/verify-access-token.js'
import { shownUrl } from './limited-fetch.js'
import { remoteIntrospection } from './remote-introspection.js'
import { remoteKeys } from './remote-keys.js'
import {
  readResourceServerOptions,
  type ResourceServerOptions,
  type ResourceServerSettings,
} from './resource-server-options.js'

/** Default of `leewaySeconds`. */
const LEEWAY_SECONDS = 5

/** Guards the routes of an app that accepts another server's tokens. */
export interface ResourceServer {
  /** Creates the guard of a route, as that of an authorization server does. */
  readonly requireBearer: RequireBearer
  /** Returns the middleware that serves this resource's metadata (RFC 9728), if `audience` is a URL. Challenges point to it. */
  router(): HttpHandler
}

/**
 * Creates a resource server. Nothing is fetched before the first token arrives. Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * const api = createResourceServer({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://orders.example.com',
 *   jwks: true,
 * })
 * app.use(api.router())
 * app.get('/orders', api.requireBearer({ scope: 'orders:read' }), (req, res) => {
 *   res.json({ readBy: req.auth.clientId })
 * })
 * ```
 */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  const settings = readResourceServerOptions(options)
  const { issuer, audience, scopes, clock } = settings
  const isUrl = URL.canParse(audience) && /^https?:/.test(audience)
  const realm = options.realm ?? (isUrl ? new URL(audience).hostname : audience)
  const path = isUrl ? wellKnownPath('oauth-protected-resource', audience) : undefined
  const emit = createEmit(options.onEvent, clock, options.issuer)
  const { throttle = memoryThrottle({ clock }) } = options
  const throttling = { throttle: throttle === false ? undefined : throttle, emit }
  void checkThrottle(throttling.throttle, emit)
  const services = {
    clock,
    realm,
    resource: audience,
    resourceMetadata: path && new URL(path, audience).href,
    verifyAccessToken: verifier(settings, throttling),
    emit,
    requestId: options.requestId,
    clientAddress: options.clientAddress,
    tls: tlsRule(options, issuer),
    // Fetching keys and introspection have time limits of their own.
    requestTimeoutSeconds: undefined,
  }
  const weakness = plainHttp(options)
  if (weakness !== undefined) emit(applicationContext(), noticedWarning(weakness))
  const catalogue = scopes === undefined ? { has: () => true } : new Set(scopes)
  const document = documentHandler(services, () => resourceMetadata(audience, issuer, scopes ?? []), 3600)
  return {
    requireBearer: (bearerOptions = {}, ...others: unknown[]) => {
      refuseUncalled(others, 'requireBearer', "app.get('/orders', api.requireBearer(), listOrders)")
      return bearerGuard(services, bearerRequirement(bearerOptions, catalogue, 'requireBearer'))
    },
    router: (...others: unknown[]) => {
      refuseUncalled(others, 'router', 'app.use(api.router())')
      return router(new Map(path === undefined ? [] : [[path, document]]))
    },
  }
}

/** Returns the finding about tokens that are verified over plain http, which `allowHttp` allows. */
function plainHttp({ issuer, jwks, introspection }: ResourceServerOptions): PostureFinding | undefined {
  const source = introspection?.uri ?? (typeof jwks === 'object' ? jwks.uri : undefined) ?? issuer
  if (isProtected(source)) return undefined
  const reason = `Tokens are verified over http, by ${shownUrl(source)}: anybody on the network in between can decide which tokens are accepted`
  return { code: 'http_issuer', reason, remedy: 'Use https, or a network that only your services use' }
}

function verifier(settings: ResourceServerSettings, throttling: ThrottleServices): VerifyAccessToken {
  const {
    issuer,
    allowHttp,
    jwks,
    introspection,
    leewaySeconds,
    longestAccessTokenSeconds,
    rememberedJwts,
    isUser,
    clock,
  } = settings
  if (introspection !== undefined)
    return remoteIntrospection({ ...throttling, issuer, allowHttp, clock, isUser }, introspection)
  const { clockSkewSeconds = leewaySeconds ?? CLOCK_SKEW_SECONDS } = settings
  const rules = {
    issuer,
    clockSkewSeconds,
    leewaySeconds: leewaySeconds ?? Math.min(LEEWAY_SECONDS, clockSkewSeconds),
    longestAccessTokenSeconds,
    isUser,
  }
  const findKey = remoteKeys(issuer, jwks === true || jwks === undefined ? {} : jwks, allowHttp)
  const verifiedJwts = new VerifiedJwts(rememberedJwts)
  return (token, context) =>
    andThen(verifyJwt(token, 'at+jwt', findKey, verifiedJwts), (claims) => {
      const now = timeOf(context, clock)
      const access = readAccessTokenClaims(claims, rules, now)
      if (typeof access === 'string') noteRefused(context, factsOfJwt(access, token, claims, rules, now))
      return access
    })
}
