import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import { isProduction } from '../checks/check-issuer.js'
import { isUnwantedPromise } from '../time/maybe-promise.js'
import type { HttpRequest } from './http.js'

/** How an application tells whether the client used TLS. Only `true` counts. */
export type IsSecure = (req: HttpRequest) => boolean

/** Which requests are refused because they came without TLS. */
export interface TlsRule {
  /** `production`: all, but for those of the machine itself. */
  readonly required: boolean | 'production'
  /** Absent: what Express or Fastify makes of its proxy setting, else the socket. */
  readonly isSecure: IsSecure | undefined
}

/** The rule of a server, whose issuer tells the default: an explicit `requireTls` has no exception. */
export function tlsRule(
  { requireTls, isSecure }: { readonly requireTls?: boolean | undefined; readonly isSecure?: IsSecure | undefined },
  issuer: string,
): TlsRule {
  return { required: requireTls ?? (issuer.startsWith('https:') && isProduction(issuer) && 'production'), isSecure }
}

/**
 * The refusal of a request that came without TLS (RFC 6749 §3.2, RFC 6750 §5.3), if there is need for one. Refused, not redirected, so
 * that a client that leaks its secret or its token is noticed.
 */
export function refusePlainHttp({ required, isSecure }: TlsRule, req: HttpRequest): OAuthError | undefined {
  if (required === false || usedTls(req, isSecure) || (required === 'production' && isLocal(req))) return undefined
  const remedy =
    req.secure !== undefined && isSecure === undefined
      ? 'set trust proxy in the application'
      : 'set the option isSecure of the server'
  return refusal('invalid_request', 'tls_required', `TLS is required; behind a TLS proxy, ${remedy}`)
}

/** Whether the client used TLS: what the application says, or its framework by its proxy setting, or the socket. */
export function usedTls(req: HttpRequest, isSecure: IsSecure | undefined): boolean {
  if (isSecure !== undefined) return saysTrue(req, isSecure)
  // Express has `secure`. Fastify hands `protocol` to its middleware, and not `secure`.
  return req.secure ?? (req.protocol === undefined ? 'encrypted' in req.socket : req.protocol === 'https')
}

function saysTrue(req: HttpRequest, isSecure: IsSecure): boolean {
  try {
    const said: unknown = isSecure(req)
    return !isUnwantedPromise(said) && said === true
  } catch {
    return false
  }
}

/**
 * Whether a request came from the machine itself and through no proxy: a health check, a sidecar, another process. A peer without an
 * address is one too: it came through a Unix socket.
 */
function isLocal({ socket: { remoteAddress }, headers }: HttpRequest): boolean {
  return (remoteAddress === undefined || isLoopbackAddress(remoteAddress)) && !isForwarded(headers)
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./i.test(address)
}

/** Whether a request has a header that proxies set. */
function isForwarded(headers: HttpRequest['headers']): boolean {
  for (const name in headers) {
    if (name.startsWith('x-forwarded-') || proxyHeaders.has(name)) return true
  }
  return false
}

const proxyHeaders: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'forwarded',
  'front-end-https',
  'true-client-ip',
  'via',
  'x-client-ip',
  'x-real-ip',
  'x-url-scheme',
])
