import { isAscii } from 'node:buffer'
import { types } from 'node:util'
import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import { adoptForm, parseForm, type Parameters } from '../protocol/parameters.js'
import { bodyRemedy, collectBody, tooLarge, unreadBody } from './collect-body.js'
import { isForm, isUtf8, queryHas } from './request-headers.js'
import type { HttpRequest } from './http.js'

/** Largest body, in bytes. */
const MAX_BYTES = 65_536
const secretsNotForQueries: ReadonlySet<string> = new Set([
  'client_assertion',
  'client_secret',
  'password',
  'refresh_token',
  'token',
])

/** Returns the parameters of a request, or throws why there are none. */
export type ReadForm = () => Parameters

/**
 * Reads the form of a request and calls `done` once, with a function that returns its parameters or throws; never if the client
 * disconnects. Works before and after a body parser of the application. A body that has not arrived after `timeoutSeconds` is refused with
 * 408.
 */
export function readBody(req: HttpRequest, timeoutSeconds: number | undefined, done: (form: ReadForm) => void): void {
  const refusal = refuseUnread(req)
  if (refusal !== undefined) done(throwing(refusal))
  else if (req.readableDidRead) done(() => adoptForm(bodyOfParser(req)))
  // The body was empty, and its end has been consumed: no event would ever follow.
  else if (req.readableEnded) done(() => parseForm(''))
  else collectBody(req, { maxBytes: MAX_BYTES, timeoutSeconds }, (bytes) => done(() => parseForm(decode(bytes()))))
}

/** Returns the refusal that needs no body, in the order of precedence. */
function refuseUnread(req: HttpRequest): OAuthError | undefined {
  if (Number(req.headers['content-length']) > MAX_BYTES) return tooLarge()
  const encoding = req.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') {
    const options = { status: 415, detail: `Content-Encoding is ${encoding}` }
    return refusal('invalid_request', 'body_compressed', 'The body must not be compressed', options)
  }
  if (!isForm(req)) {
    const detail = `Content-Type is ${req.headers['content-type'] ?? 'missing'}`
    return refusal('invalid_request', 'body_type', 'The body must be application/x-www-form-urlencoded', { detail })
  }
  if (!isUtf8(req)) {
    const detail = `Content-Type is ${req.headers['content-type'] ?? ''}`
    return refusal('invalid_request', 'body_charset', 'The body must be UTF-8', { detail })
  }
  if (queryHas(req, secretsNotForQueries)) {
    const description = 'Credentials and tokens must not be sent in the query'
    return refusal('invalid_request', 'credentials_in_query', description)
  }
  return undefined
}

function bodyOfParser({ body }: HttpRequest): unknown {
  if (body === undefined)
    throw unreadBody(`Something read the request body before latchkey and did not leave it in req.body. ${bodyRemedy}`)
  if (leastBytes(body) > MAX_BYTES) throw tooLarge()
  return types.isUint8Array(body) ? decode(body) : body
}

/** Returns the least size that a parsed body had: the limit of the application's parser may be far above ours. */
function leastBytes(body: unknown): number {
  if (types.isUint8Array(body)) return body.length
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (typeof body !== 'object' || body === null) return 0
  let bytes = 0
  for (const [name, value] of Object.entries(body))
    bytes += name.length + (typeof value === 'string' ? value.length : 0)
  return bytes
}

/** Decodes UTF-8. Invalid bytes become the replacement character, which no parameter may have. */
function decode(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isAscii(buffer) ? buffer.toString('latin1') : buffer.toString('utf8')
}

function throwing(error: OAuthError): ReadForm {
  return () => {
    throw error
  }
}
