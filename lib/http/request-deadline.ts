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
 * Waits for the work of a request for a limited time, so that a store or a hook that hangs does not hold up the client. Then throws
 * `StoreUnavailableError`, and ignores a late result. Called only with promises: synchronous work needs no timer.
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
