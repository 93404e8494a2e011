import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpHandler, HttpRequest } from './http.js'

/** The endpoints of a server by their paths. */
export type Endpoints = ReadonlyMap<string, (req: HttpRequest, res: ServerResponse) => void>

/** Makes the middleware that answers at the endpoints and hands everything else on. Paths are compared exactly. */
export function router(endpoints: Endpoints): HttpHandler {
  return (req, res, next) => {
    const endpoint = endpoints.get(pathOf(req))
    if (endpoint === undefined) next()
    else endpoint(req, res)
  }
}

/**
 * Makes a request listener that answers at the endpoints before `app` sees the request, or 404 where there is no `app`.
 */
export function frontHandler(
  endpoints: Endpoints,
  app: (req: IncomingMessage, res: ServerResponse) => unknown = notFound,
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    const endpoint = endpoints.get(pathOf(req))
    if (endpoint === undefined) app(req, res)
    else endpoint(req, res)
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function notFound(_req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(404).end()
}
