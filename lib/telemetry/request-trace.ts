import { channel } from 'node:diagnostics_channel'
import { performance } from 'node:perf_hooks'
import type { EndpointName, RequestContext } from '../request/request-context.js'

/** The channels of `node:diagnostics_channel` on which a request is told of: when it begins, and when it has been decided. */
export const requestChannelNames = { start: 'latchkey:request:start', end: 'latchkey:request:end' } as const

const start = channel(requestChannelNames.start)
const end = channel(requestChannelNames.end)

/** What is told of a request to an endpoint, or of one that a guard looks at: one object, twice. No member is made up by a client. */
export interface RequestTrace {
  readonly name: EndpointName
  readonly requestId: string
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number
  /** At the token endpoint, once it is known to be one that the server serves. */
  readonly grantType: string | undefined
  /**
   * Absent until the end. `ok`; the error code of the answer; `anonymous` for a request to a guard without credentials, whether it may
   * pass or not; `aborted` when the client went away before it had sent all.
   */
  readonly outcome: string | undefined
  /** Absent until the end. */
  readonly durationSeconds: number | undefined
}

/** A trace while the request goes on. */
export interface OpenTrace extends RequestTrace {
  grantType: string | undefined
  /** Tells how it ended; what comes after that is not told. */
  end(outcome: string): void
}

/** Tells that a request begins; `undefined`, and nothing is made, when nobody listens. */
export function beginTrace(context: RequestContext): OpenTrace | undefined {
  if (!start.hasSubscribers && !end.hasSubscribers) return undefined
  const trace = new Trace(context.endpoint ?? 'guard', context.requestId)
  start.publish(trace)
  return trace
}

class Trace implements OpenTrace {
  readonly name: EndpointName
  readonly requestId: string
  readonly startedAt: number = performance.now()
  grantType: string | undefined
  outcome: string | undefined
  durationSeconds: number | undefined

  constructor(name: EndpointName, requestId: string) {
    this.name = name
    this.requestId = requestId
  }

  end(outcome: string): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.durationSeconds = (performance.now() - this.startedAt) / 1000
    end.publish(this)
  }
}
