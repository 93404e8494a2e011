import { type IncomingMessage, type ServerResponse } from 'node:http'
import { ConfigurationError } from '../errors/configuration-error.js'

/**
 * A request of `node:http`, with the members that Express or a body parser may have added. Requests of Express 4 and 5 have this type.
 */
export type HttpRequest = IncomingMessage & {
  readonly body?: unknown
  /** Express: the client's address by the `trust proxy` setting. */
  readonly ip?: string | undefined
  /** Express: the trusted addresses of `X-Forwarded-For`; empty without `trust proxy`. */
  readonly ips?: readonly string[]
  /** Express: the path at which a middleware is mounted, as it is in this request. */
  readonly baseUrl?: string
  /** Express and Connect: the original target; `url` lacks the path of the mount. */
  readonly originalUrl?: string
  /** Express: whether the client used TLS by the `trust proxy` setting. */
  readonly secure?: boolean
  /** Express, and Fastify for its middleware: `https` if the client used TLS, by the proxy setting. */
  readonly protocol?: string
}

/** A handler that fits Express 4, Express 5, Connect and `node:http`. */
export type HttpHandler = (req: HttpRequest, res: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Refuses a function that creates a middleware but is used as one, as in `app.get('/orders', oauth.requireBearer, listOrders)`: it would
 * neither respond nor call `next`. Throws `ConfigurationError` at the first request.
 *
 * @param others The arguments after its own parameters.
 */
export function refuseUncalled(others: readonly unknown[], name: string, line: string): void {
  if (others.length > 0) throw new ConfigurationError(name, 'is used as a middleware itself', `Call it: ${line}`)
}
