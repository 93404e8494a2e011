import { type IncomingMessage, type ServerResponse } from 'node:http'
import { ConfigurationError } from '../errors/configuration-error.js'

/**
 * What is used of a request: plain `node:http`, and where Express or a body parser was there first, what they left. Express
 * 4 and 5 requests both are one.
 */
export type HttpRequest = IncomingMessage & {
  readonly body?: unknown
  /** Express: the client's address by the `trust proxy` setting. */
  readonly ip?: string | undefined
  /** Express: the addresses of `X-Forwarded-For` that the `trust proxy` setting lets count; empty without it. */
  readonly ips?: readonly string[]
  /** Express: the path under which a middleware is mounted, as this request has it. */
  readonly baseUrl?: string
  /** Express and Connect: the target as it came, with what the path of the mount takes off `url`. */
  readonly originalUrl?: string
  /** Express: whether the client used TLS by the `trust proxy` setting. */
  readonly secure?: boolean
  /** Express, and Fastify for its middleware: `https` if the client used TLS, by the proxy setting. */
  readonly protocol?: string
}

/** A handler that fits Express 4, Express 5, Connect and `node:http`. */
export type HttpHandler = (req: HttpRequest, res: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Refuses what makes a middleware to be one itself, as in `app.get('/orders', oauth.requireBearer, listOrders)`: it is given a request
 * and more then, and would neither answer nor go on. Throws `ConfigurationError`, at the first request.
 *
 * @param others What it was called with behind its own parameters.
 */
export function refuseUncalled(others: readonly unknown[], name: string, line: string): void {
  if (others.length > 0) throw new ConfigurationError(name, 'is used as a middleware itself', `Call it: ${line}`)
}
