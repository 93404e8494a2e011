import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import type { EndpointName } from '../request/request-context.js'
import { withinTime } from '../time/within-time.js'
import type { HttpRequestContext, RequestSettings } from './http-request-context.js'

const names: Readonly<Record<EndpointName, string>> = {
  token: 'The token endpoint',
  revoke: 'The revocation endpoint',
  introspect: 'The introspection endpoint',
  document: 'A public document',
  guard: 'The guard of a route',
}

/**
 * Waits for what is done in a request, but not for ever: a store or a hook that hangs must not hold the client. Then it throws
 * `StoreUnavailableError`, and what comes later is dropped. Only for what answers a promise, so that the rest pays nothing.
 */
export function withinRequestTime<Result>(
  work: PromiseLike<Result>,
  { requestTimeoutSeconds }: RequestSettings,
  context: HttpRequestContext,
): PromiseLike<Result> {
  if (requestTimeoutSeconds === undefined) return work
  return withinTime(
    requestTimeoutSeconds * 1000,
    work,
    () => {
      context.timedOut = true
      const within = `within ${String(requestTimeoutSeconds)} s`
      return new StoreUnavailableError(`${names[context.endpoint]} did not respond ${within}: a store or a hook hangs`)
    },
    { unref: true },
  )
}
