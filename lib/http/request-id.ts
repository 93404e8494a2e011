import { isUnwantedPromise } from '../time/maybe-promise.js'
import { createRequestId } from '../request/request-id.js'
import type { HttpRequest } from './http.js'

/** How an application names a request; what is no name (1 to 128 characters of `[\w.:~+/=-]`) is as good as nothing. */
export type NameRequest = (req: HttpRequest) => string | undefined

/** What may stand in a header and in a log as it is. */
const form = /^[\w.:~+/=-]{1,128}$/

/** A request that several guards look at has one name. For all builds of this package (ESM, CommonJS) alike. */
const named: unique symbol = Symbol.for('latchkey.requestId')

interface Named {
  [named]?: string | undefined
}

/** The name of a request: what the application calls it, or else our own, made when somebody asks for the first time. */
export function requestIdOf(req: HttpRequest & Named, nameRequest: NameRequest | undefined): string {
  return (req[named] ??= newName(req, nameRequest))
}

/** The same for who answers the request: nobody looks at it afterwards, and to note it there costs microseconds under Express. */
export function lastRequestIdOf(req: HttpRequest & Named, nameRequest: NameRequest | undefined): string {
  return req[named] ?? newName(req, nameRequest)
}

function newName(req: HttpRequest, nameRequest: NameRequest | undefined): string {
  return (nameRequest && givenName(req, nameRequest)) ?? createRequestId()
}

/** Whatever is wrong with it: the request goes on. */
function givenName(req: HttpRequest, nameRequest: NameRequest): string | undefined {
  try {
    const name: unknown = nameRequest(req)
    return !isUnwantedPromise(name) && typeof name === 'string' && form.test(name) ? name : undefined
  } catch {
    return undefined
  }
}
