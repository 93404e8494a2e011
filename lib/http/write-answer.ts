import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import { TextAnswer, type EndpointAnswer } from '../endpoints/endpoint-answer.js'
import type { OAuthError } from '../errors/oauth-error.js'

type Headers = Record<string, OutgoingHttpHeader>

/**
 * Returns the headers of every response about tokens and credentials, including errors (RFC 6749 §5.1). As an object: under Express, which
 * has set a header before, Node processes a list twice.
 */
function headersFor(requestId: string, contentType: string, text: string): Headers {
  return {
    'Content-Type': contentType,
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': text.length,
    'Request-Id': requestId,
  }
}

/**
 * Writes a response as ASCII JSON. Express's `res.json` would add an ETag, and take longer than issuing a token.
 */
export function writeJson(
  res: ServerResponse,
  status: number,
  body: object,
  requestId: string,
  addHeaders?: (headers: Headers) => void,
): void {
  // Something else has responded in the meantime, such as a timeout of the application.
  if (res.headersSent) return
  const text = asciiJson(body)
  const headers = headersFor(requestId, 'application/json', text)
  addHeaders?.(headers)
  res.removeHeader('X-Powered-By')
  res.writeHead(status, headers)
  res.end(text, 'latin1')
}

/** Writes a successful response of an endpoint. */
export function writeAnswer(res: ServerResponse, answer: EndpointAnswer, requestId: string): void {
  if (!(answer instanceof TextAnswer)) {
    writeJson(res, 200, answer, requestId)
  } else if (!res.headersSent) {
    const { contentType, text } = answer
    const headers = headersFor(requestId, contentType, text)
    // The response depends on the `Accept` header (RFC 9701).
    headers['Vary'] = varyBy(res, 'Accept')
    res.removeHeader('X-Powered-By')
    res.writeHead(200, headers)
    res.end(text, 'latin1')
  }
}

/** Escapes everything but ASCII, so that every byte of a response is a character. */
function asciiJson(body: object): string {
  const text = JSON.stringify(body)
  if (Buffer.byteLength(text) === text.length) return text
  return text.replace(/[\u0080-\uFFFF]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Responds to `OPTIONS` with the allowed method. */
export function writeOptions(res: ServerResponse, requestId: string): void {
  res.removeHeader('X-Powered-By')
  // An object, and no chained calls: wrappers of `writeHead` often do not accept lists, and return nothing.
  res.writeHead(204, { Allow: 'POST', 'Cache-Control': 'no-store', Pragma: 'no-cache', 'Request-Id': requestId })
  res.end()
}

/** Returns the `Vary` header of the application with one more name. */
function varyBy(res: ServerResponse, name: string): string {
  const present = [res.getHeader('Vary') ?? []].flat().join(', ')
  if (present === '') return name
  const names = present.split(/\s*,\s*/)
  return names.some((one) => one === '*' || one.toLowerCase() === name.toLowerCase()) ? present : `${present}, ${name}`
}

/** Writes a refusal as OAuth JSON (RFC 6749 §5.2), with the challenge that belongs to it. */
export function writeError(
  res: ServerResponse,
  error: OAuthError,
  challenge: string | undefined,
  requestId: string,
): void {
  // RFC 6749 appendix A.8: an empty description is not allowed, so it is left out.
  const body = { error: error.code, error_description: error.description || undefined }
  writeJson(res, error.status, body, requestId, (headers) => {
    if (challenge !== undefined) addChallenge(headers, res, challenge)
    if (error.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.retryAfterSeconds)
    // The rest of the body will not be read. HTTP/2 has no such header.
    if ((error.status === 413 || error.status === 408) && !isHttp2(res)) headers['Connection'] = 'close'
  })
}

/** Writes a challenge without an error (RFC 6750 §3.1). */
export function writeChallenge(res: ServerResponse, challenge: string, requestId: string): void {
  writeJson(res, 401, {}, requestId, (headers) => addChallenge(headers, res, challenge))
}

/** Adds a challenge to those of the application: several are allowed (RFC 9110 §11.6.1). */
function addChallenge(headers: Headers, res: ServerResponse, challenge: string): void {
  headers['WWW-Authenticate'] = [...[res.getHeader('WWW-Authenticate') ?? []].flat().map(String), challenge]
}

/** Returns whether a response is HTTP/2. In a test or a serverless adapter it may have no request. */
function isHttp2({ req }: { readonly req?: { readonly httpVersionMajor: number } }): boolean {
  return req?.httpVersionMajor === 2
}
