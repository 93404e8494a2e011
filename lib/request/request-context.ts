import { randomFillSync } from 'node:crypto'
import { millisecondsOf, type Clock } from '../time/clock.js'

/** What handles a request: one of the endpoints, a public document (keys, metadata), or the guard of a route. */
export type EndpointName = 'token' | 'revoke' | 'introspect' | 'document' | 'guard'

/** What stores and hooks may know about the request they work for; read-only. */
export interface RequestContext {
  /** Names this request in events and in the header `Request-Id` of its answer; not secret. */
  readonly requestId: string
  /** What handles the request; absent when there is no request. */
  readonly endpoint?: EndpointName | undefined
  /**
   * When the request came, in milliseconds since the epoch by the server's clock. Everything about a request is judged by this one time,
   * however long it waits for a store. Absent when there is no request.
   */
  readonly receivedAt?: number | undefined
  /**
   * How many milliseconds ago the request came, by a clock that nobody can set: a store that judges by the time of its database
   * subtracts this. Absent when there is no request.
   */
  readonly ageMilliseconds?: number | undefined
  /** The client's network address as the app's `trust proxy` setting tells it; absent when there is no request. */
  readonly address: string | undefined
  /** The `User-Agent` header; absent when there is none. */
  readonly userAgent: string | undefined
  /**
   * The form parameters without anything secret: no password, no client secret, no token. Empty for guarded routes and for
   * calls that the application makes itself.
   */
  readonly parameters: ReadonlyMap<string, string>
  /**
   * Whether the request has been answered 503 meanwhile, because it took longer than `requestTimeoutSeconds`: what is done for it from
   * now on is for nobody.
   */
  readonly timedOut?: boolean
}

/** The context of what the application does by itself, without a request. */
export function applicationContext(): RequestContext {
  return { requestId: createRequestId(), address: undefined, userAgent: undefined, parameters: new Map() }
}

/** The time by which a request is judged, in seconds since the epoch: when it came; without a request, now. */
export function timeOf({ receivedAt }: RequestContext, clock: Clock): number {
  return receivedAt === undefined ? clock() : Math.floor(receivedAt / 1000)
}

/** The same time in milliseconds. */
export function millisecondsAt({ receivedAt }: RequestContext, clock: Clock): number {
  return receivedAt ?? millisecondsOf(clock)
}

const ID_LENGTH = 32
const pool = Buffer.alloc((ID_LENGTH / 2) * 128)
let drawn = ''
let used = 0

/**
 * A new name for a request: 128 random bits in hex. It is not secret; but it is shown to clients, and a counter would tell each of
 * them how many requests the others make. Drawn in bulk, as one text that is cut up: a third of what `randomUUID()` costs.
 */
export function createRequestId(): string {
  if (used === drawn.length) {
    drawn = randomFillSync(pool).toString('hex')
    used = 0
  }
  return drawn.slice(used, (used += ID_LENGTH))
}
