import { randomFillSync } from 'node:crypto'
import { millisecondsOf, type Clock } from '../time/clock.js'

/** The part that handles a request: one of the endpoints, a public document (keys, metadata), or the guard of a route. */
export type EndpointName = 'token' | 'revoke' | 'introspect' | 'document' | 'guard'

/** What stores and hooks may know about the request that they work for. Read-only. */
export interface RequestContext {
  /** Identifies the request in events and in the header `Request-Id` of its response. Not secret. */
  readonly requestId: string
  /** What handles the request. Absent without a request. */
  readonly endpoint?: EndpointName | undefined
  /**
   * When the request arrived, in milliseconds since the epoch by the server's clock. All decisions about a request use this one time,
   * however long it waits for a store. Absent without a request.
   */
  readonly receivedAt?: number | undefined
  /**
   * How many milliseconds ago the request arrived, by a monotonic clock. A store that uses the time of its database subtracts this from
   * it. Absent without a request.
   */
  readonly ageMilliseconds?: number | undefined
  /** The client's network address, as determined by the `trust proxy` setting of the app. Absent without a request. */
  readonly address: string | undefined
  /** The `User-Agent` header, if any. */
  readonly userAgent: string | undefined
  /**
   * The form parameters without secrets: no password, no client secret, no token. Empty for guarded routes and without a request.
   */
  readonly parameters: ReadonlyMap<string, string>
  /**
   * Whether 503 has been sent in the meantime because the request took longer than `requestTimeoutSeconds`: any further work for it is
   * wasted.
   */
  readonly timedOut?: boolean
}

/** Creates the context of something that the application does without a request. */
export function applicationContext(): RequestContext {
  return { requestId: createRequestId(), address: undefined, userAgent: undefined, parameters: new Map() }
}

/** Returns the time that decisions about a request use, in seconds since the epoch: when it arrived; without a request, now. */
export function timeOf({ receivedAt }: RequestContext, clock: Clock): number {
  return receivedAt === undefined ? clock() : Math.floor(receivedAt / 1000)
}

/** Returns the same time in milliseconds. */
export function millisecondsAt({ receivedAt }: RequestContext, clock: Clock): number {
  return receivedAt ?? millisecondsOf(clock)
}

const ID_LENGTH = 32
const pool = Buffer.alloc((ID_LENGTH / 2) * 128)
let drawn = ''
let used = 0

/**
 * Returns a new request id: 128 random bits in hex. Not secret, but clients see it, and a counter would reveal how many requests others
 * make. Random bytes are drawn in bulk and cut up, which costs a third of `randomUUID()`.
 */
export function createRequestId(): string {
  if (used === drawn.length) {
    drawn = randomFillSync(pool).toString('hex')
    used = 0
  }
  return drawn.slice(used, (used += ID_LENGTH))
}
