import { channel } from 'node:diagnostics_channel'
import { performance } from 'node:perf_hooks'
import type { EndpointName, RequestContext } from '../request/request-context.js'

/** The channels of `node:diagnostics_channel` for requests: when one begins, and when it has been decided. */
export const requestChannelNames = { start: 'latchkey:request:start', end: 'latchkey:request:end' } as const

const start = channel(requestChannelNames.start)
const end = channel(requestChannelNames.end)

/** A request to an endpoint or through a guard. The same object is published at its begin and at its end. A client can choose no member. */
export interface RequestTrace {
  readonly name: EndpointName
  readonly requestId: string
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number
  /** At the token endpoint, once it is known that the server serves this grant type. */
  readonly grantType: string | undefined
  /**
   * Absent until the end. `ok`; the error code of the response; `anonymous` for a request to a guard without credentials, accepted or not;
   * `aborted` if the client disconnected before it had sent the whole request.
   */
  readonly outcome: string | undefined
  /** Absent until the end. */
  readonly durationSeconds: number | undefined
}

/** A trace whose request has not ended. */
export interface OpenTrace extends RequestTrace {
  grantType: string | undefined
  /** Publishes the end. Only the first call counts. */
  end(outcome: string): void
}

/** Publishes the begin of a request. Returns `undefined`, without creating a trace, if there are no subscribers. */
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
