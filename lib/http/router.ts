import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpHandler, HttpRequest } from './http.js'
import { trustProxyOf } from './trust-proxy.js'

/** The endpoints of a server by their paths. */
export type Endpoints = ReadonlyMap<string, (req: HttpRequest, res: ServerResponse) => void>

/**
 * Makes the middleware that answers at the endpoints and hands everything else on. Paths are compared exactly. `seeMount` looks at each
 * request that is for an endpoint below the path of a mount.
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
 * The target of a request whose whole path is that of the mount, as by `app.use('{*all}', …)` and by Nest's `forRoutes`: `url` is `/`
 * then. Only where the mount took off exactly the path that came: one that was rewritten before is not looked at.
 */
function swallowedTarget({ url = '', baseUrl, originalUrl }: HttpRequest): string | undefined {
  if (baseUrl === undefined || baseUrl === '' || originalUrl === undefined) return undefined
  if (url !== '/' && !url.startsWith('/?')) return undefined
  const rest = originalUrl.startsWith(baseUrl) ? originalUrl.slice(baseUrl.length) : undefined
  return rest === url || rest === url.slice(1) ? originalUrl : undefined
}

/**
 * Makes a request listener that answers at the endpoints before `app` sees the request, or 404 where there is no `app`.
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

/** With the query first: it may be a part of what a resource is called (RFC 9728 §3.1). */
function endpointOf(endpoints: Endpoints, target = ''): ReturnType<Endpoints['get']> {
  const url = originForm(target)
  const query = url.indexOf('?')
  return endpoints.get(url) ?? (query === -1 ? undefined : endpoints.get(url.slice(0, query)))
}

const absoluteForm = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?=\/)/i

/**
 * RFC 9112 §3.2.2: a server accepts a target with scheme and host too. Whose host it is, the issuer says and nobody else. They are cut off
 * as text, and nothing is normalized: a path that the application's own middleware does not see must not reach an endpoint. A host that
 * Express might understand in another way is not cut off.
 */
function originForm(target: string): string {
  return target.startsWith('/') ? target : target.replace(absoluteForm, '')
}

function notFound(_req: IncomingMessage, res: ServerResponse): void {
  res.statusCode = 404
  res.end()
}
