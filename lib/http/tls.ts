import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import { isProduction } from '../checks/check-issuer.js'
import { isUnwantedPromise } from '../time/maybe-promise.js'
import type { HttpRequest } from './http.js'

/** Returns whether the client used TLS. Anything but `true` counts as no. */
export type IsSecure = (req: HttpRequest) => boolean

/** Which requests without TLS are refused. */
export interface TlsRule {
  /** `production`: all except those of the machine itself. */
  readonly required: boolean | 'production'
  /** Absent: Express or Fastify decides by its proxy setting; without these, the socket. */
  readonly isSecure: IsSecure | undefined
}

/** Returns the rule of a server. The default depends on the issuer; an explicit `requireTls` has no exception. */
export function tlsRule(
  { requireTls, isSecure }: { readonly requireTls?: boolean | undefined; readonly isSecure?: IsSecure | undefined },
  issuer: string,
): TlsRule {
  return { required: requireTls ?? (issuer.startsWith('https:') && isProduction(issuer) && 'production'), isSecure }
}

/**
 * Returns the refusal of a request without TLS (RFC 6749 §3.2, RFC 6750 §5.3), if required. The request is not redirected, so that a client
 * that exposes its secret or token is noticed.
 */
export function refusePlainHttp({ required, isSecure }: TlsRule, req: HttpRequest): OAuthError | undefined {
  if (required === false || usedTls(req, isSecure) || (required === 'production' && isLocal(req))) return undefined
  const remedy =
    req.secure !== undefined && isSecure === undefined
      ? 'set trust proxy in the application'
      : 'set the option isSecure of the server'
  return refusal('invalid_request', 'tls_required', `TLS is required; behind a TLS proxy, ${remedy}`)
}

/** Returns whether the client used TLS: by the hook of the application, by the proxy setting of its framework, or by the socket. */
export function usedTls(req: HttpRequest, isSecure: IsSecure | undefined): boolean {
  if (isSecure !== undefined) return saysTrue(req, isSecure)
  // Express has `secure`. Fastify passes `protocol` to its middleware, but not `secure`.
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
 * Returns whether a request came from this machine and not through a proxy: a health check, a sidecar, another process. A peer without an
 * address came through a Unix socket, so it is local as well.
 */
function isLocal({ socket: { remoteAddress }, headers }: HttpRequest): boolean {
  return (remoteAddress === undefined || isLoopbackAddress(remoteAddress)) && !isForwarded(headers)
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./i.test(address)
}

/** Returns whether a request has a header that proxies set. */
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
