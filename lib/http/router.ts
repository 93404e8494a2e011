import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpHandler, HttpRequest } from './http.js'
import { trustProxyOf } from './trust-proxy.js'

/** The endpoints of a server by path. */
export type Endpoints = ReadonlyMap<string, (req: HttpRequest, res: ServerResponse) => void>

/**
 * Creates the middleware that responds at the endpoints and passes everything else on. Paths are compared exactly. `seeMount` is called
 * with each request to an endpoint.
 */
export function router(endpoints: Endpoints, seeMount?: (req: HttpRequest) => void): HttpHandler {
  return (req, res, next) => {
    const whole = swallowedTarget(req)
    const endpoint = endpointOf(endpoints, whole ?? req.url)
    if (endpoint === undefined) {
      next()
    } else {
      if (whole === undefined) seeMount?.(req)
      endpoint(req, res)
    }
  }
}

/**
 * Returns the original target of a request whose whole path matched the mount, as with `app.use('{*all}', …)` or Nest's `forRoutes`: then
 * `url` is only `/`. Returns `undefined` for any other request, and for one whose path was rewritten before.
 */
function swallowedTarget({ url = '', baseUrl, originalUrl }: HttpRequest): string | undefined {
  if (baseUrl === undefined || baseUrl === '' || originalUrl === undefined) return undefined
  if (url !== '/' && !url.startsWith('/?')) return undefined
  const rest = originalUrl.startsWith(baseUrl) ? originalUrl.slice(baseUrl.length) : undefined
  return rest === url || rest === url.slice(1) ? originalUrl : undefined
}

/**
 * Creates a request listener that responds at the endpoints and passes everything else to `app`; without `app`, responds with 404.
 */
export function frontHandler(
  endpoints: Endpoints,
  app: (req: IncomingMessage, res: ServerResponse) => unknown = notFound,
): (req: IncomingMessage, res: ServerResponse) => void {
  const adoptTrustProxy = trustProxyOf(app)
  return (req, res) => {
    const endpoint = endpointOf(endpoints, req.url)
    if (endpoint === undefined) {
      app(req, res)
    } else {
      adoptTrustProxy(req)
      endpoint(req, res)
    }
  }
}

/** Looks up the target with its query first, because a query may be part of a resource's identifier (RFC 9728 §3.1). */
function endpointOf(endpoints: Endpoints, target = ''): ReturnType<Endpoints['get']> {
  const url = originForm(target)
  const query = url.indexOf('?')
  return endpoints.get(url) ?? (query === -1 ? undefined : endpoints.get(url.slice(0, query)))
}

const absoluteForm = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?=\/)/i

/**
 * Removes the scheme and the host of a target, which RFC 9112 §3.2.2 allows. They are removed as text, without normalizing anything: a path
 * that the application's middleware sees differently must not reach an endpoint. A host that Express might parse differently stays.
 */
function originForm(target: string): string {
  return target.startsWith('/') ? target : target.replace(absoluteForm, '')
}

function notFound(_req: IncomingMessage, res: ServerResponse): void {
  res.statusCode = 404
  res.end()
}
