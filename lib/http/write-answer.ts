import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import { TextAnswer, type EndpointAnswer } from '../endpoints/endpoint-answer.js'
import type { OAuthError } from '../errors/oauth-error.js'

type Headers = Record<string, OutgoingHttpHeader>

/**
 * What is on everything that answers about tokens and credentials, errors too (RFC 6749 §5.1). An object for `writeHead`: under Express,
 * which has set a header by then, Node takes a list apart twice.
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
 * Writes an answer in one go, as JSON of ASCII. Express's own `res.json` would add an ETag, and cost more than a token does.
 */
export function writeJson(
  res: ServerResponse,
  status: number,
  body: object,
  requestId: string,
  addHeaders?: (headers: Headers) => void,
): void {
  // Somebody answered meanwhile, a time-out of the application perhaps.
  if (res.headersSent) return
  const text = asciiJson(body)
  const headers = headersFor(requestId, 'application/json', text)
  addHeaders?.(headers)
  res.removeHeader('X-Powered-By')
  res.writeHead(status, headers)
  res.end(text, 'latin1')
}

/** Writes a successful answer of an endpoint. */
export function writeAnswer(res: ServerResponse, answer: EndpointAnswer, requestId: string): void {
  if (!(answer instanceof TextAnswer)) {
    writeJson(res, 200, answer, requestId)
  } else if (!res.headersSent) {
    const { contentType, text } = answer
    const headers = headersFor(requestId, contentType, text)
    // It depends on what the caller accepts (RFC 9701).
    headers['Vary'] = varyBy(res, 'Accept')
    res.removeHeader('X-Powered-By')
    res.writeHead(200, headers)
    res.end(text, 'latin1')
  }
}

/** What is not ASCII becomes an escape, so that every octet of an answer is a character. */
function asciiJson(body: object): string {
  const text = JSON.stringify(body)
  if (Buffer.byteLength(text) === text.length) return text
  return text.replace(/[\u0080-\uFFFF]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Answers `OPTIONS`: what else may be sent to an endpoint. */
export function writeOptions(res: ServerResponse, requestId: string): void {
  res.removeHeader('X-Powered-By')
  // An object, and nothing chained: what wraps `writeHead` often knows no lists, and returns nothing.
  res.writeHead(204, { Allow: 'POST', 'Cache-Control': 'no-store', Pragma: 'no-cache', 'Request-Id': requestId })
  res.end()
}

/** A header `Vary` of the application stays, and gets one more name. */
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
  // RFC 6749 appendix A.8: a description has at least one character, or it is absent.
  const body = { error: error.code, error_description: error.description || undefined }
  writeJson(res, error.status, body, requestId, (headers) => {
    if (challenge !== undefined) addChallenge(headers, res, challenge)
    if (error.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.retryAfterSeconds)
    // The rest of the body will not be read. HTTP/2 has no such header.
    if ((error.status === 413 || error.status === 408) && !isHttp2(res)) headers['Connection'] = 'close'
  })
}

/** Asks for credentials without saying that anything was wrong (RFC 6750 §3.1). */
export function writeChallenge(res: ServerResponse, challenge: string, requestId: string): void {
  writeJson(res, 401, {}, requestId, (headers) => addChallenge(headers, res, challenge))
}

/** A challenge of the route's own stays: several are legal (RFC 9110 §11.6.1). */
function addChallenge(headers: Headers, res: ServerResponse, challenge: string): void {
  headers['WWW-Authenticate'] = [...[res.getHeader('WWW-Authenticate') ?? []].flat().map(String), challenge]
}

/** What stands for a response in a test or in a serverless adapter may have no request. */
function isHttp2({ req }: { readonly req?: { readonly httpVersionMajor: number } }): boolean {
  return req?.httpVersionMajor === 2
}
