import type { Emit } from '../telemetry/events.js'
import { applicationContext } from '../request/request-context.js'
import type { HttpRequest } from './http.js'
import { isForwarded } from './proxy-watch.js'

/**
 * Makes what notices a router that is mounted under another path than the issuer has: tokens can be had there, and the metadata, which
 * names other URLs, is not found. It warns once. What came through a proxy tells nothing, for a proxy may add and take off paths.
 */
export function mountWatch(issuer: string, emit: Emit): (req: HttpRequest) => void {
  const issuerUrl = issuer.replace(/\/$/, '')
  const issuerPath = new URL(issuerUrl).pathname
  let hasTold = false
  return ({ baseUrl, headers }) => {
    if (baseUrl === undefined || baseUrl === '' || hasTold) return
    // A part of the issuer's path at its end: a proxy cuts off what stands before.
    if (issuerPath.endsWith(baseUrl) || isForwarded(headers)) return
    hasTold = true
    const message = `The router is mounted at ${baseUrl}, and the issuer is ${issuer}: its metadata is not found, and names other URLs. Write app.use(oauth.router()); for endpoints below ${baseUrl}, set issuer: '${issuerUrl}${baseUrl}' as well.`
    emit(applicationContext(), { type: 'warning', code: 'wrong_mount', message })
  }
}
