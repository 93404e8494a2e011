import { refusal } from '../errors/refusal.js'
import { decodeFormComponent } from '../protocol/grammar.js'
import type { HttpRequest } from './http.js'

const plainForm = 'application/x-www-form-urlencoded'
const formType = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

/** Returns whether a body is declared as a form (RFC 6749 §3.2). */
export function isForm(req: HttpRequest): boolean {
  const contentType = req.headers['content-type'] ?? ''
  return contentType === plainForm || formType.test(contentType)
}

/** Returns whether a body may be UTF-8: no other charset is declared. */
export function isUtf8(req: HttpRequest): boolean {
  const contentType = req.headers['content-type'] ?? ''
  if (!contentType.includes(';')) return true
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1]
  return charset === undefined || /^utf-?8$/i.test(charset)
}

/**
 * Returns the `Authorization` header, if any. Throws `invalid_request` if there are two: Node keeps the first, but a proxy before us may
 * have checked the second.
 */
export function readAuthorization(req: HttpRequest): string | undefined {
  let count = 0
  const { rawHeaders } = req
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 13 && name.toLowerCase() === 'authorization') count++
  }
  if (count > 1) throw refusal('invalid_request', 'authorization_repeated', 'The Authorization header is repeated')
  const { authorization } = req.headers
  return authorization === '' ? undefined : authorization
}

/** Returns whether the query of a request has one of the parameters. */
export function queryHas(req: HttpRequest, names: ReadonlySet<string>): boolean {
  const url = req.url ?? ''
  const mark = url.indexOf('?')
  if (mark === -1) return false
  return url
    .slice(mark + 1)
    .split('&')
    .some((pair) => names.has(decodeFormComponent(pair.split('=', 1)[0] ?? '') ?? ''))
}
