import { AsyncResource } from 'node:async_hooks'
import { types } from 'node:util'
import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import { CollectedBytes } from './collected-bytes.js'
import type { HttpRequest } from './http.js'

/** Gives the octets of a body, or throws why there are none. */
export type ReadOctets = () => Uint8Array

/** How a body is collected. */
export interface CollectLimits {
  readonly maxOctets: number
  /** Absent: as long as it takes. */
  readonly timeoutSeconds: number | undefined
}

/** For the operator: what to do about a middleware that leaves neither the body nor what it made of it. */
export const bodyRemedy = 'Mount oauth.router() before it, or mount a body parser that leaves the form in req.body'

/** Encodings of `req.setEncoding()` whose strings still tell every octet. UTF-8 that is broken becomes U+FFFD, which no parameter may have. */
const losslessEncodings: ReadonlySet<string> = new Set(['utf8', 'latin1', 'hex', 'base64', 'base64url'])

/** Collects a body that nobody has read yet, and calls back once; not at all when the client goes away. */
export function collectBody(
  req: HttpRequest,
  { maxOctets, timeoutSeconds }: CollectLimits,
  done: (octets: ReadOctets) => void,
): void {
  const encoding = req.readableEncoding
  if (encoding !== null && !losslessEncodings.has(encoding)) {
    done(throwing(unreadBody(`A middleware before latchkey called req.setEncoding('${encoding}'). ${bodyRemedy}`)))
    return
  }
  // The events of a stream run in the async context of whoever reads the socket, not in that of the middleware before us.
  const caller = new AsyncResource('latchkey.body')
  const expected = encoding === null ? Number(req.headers['content-length']) : undefined
  const collected = new CollectedBytes(maxOctets)
  let whole: Uint8Array | undefined
  let timer: NodeJS.Timeout | undefined
  let hasEnded = false

  req.on('data', (part: unknown) => {
    // What still comes is thrown away as it comes.
    if (hasEnded) return
    const octets = typeof part === 'string' ? Buffer.from(part, encoding ?? 'utf8') : part
    if (!types.isUint8Array(octets)) fail(unreadBody(`The body has parts that are not bytes. ${bodyRemedy}`))
    // Most bodies come in one part, which need not be copied.
    else if (octets.length === expected) whole = octets
    else if (!collected.add(octets)) fail(tooLarge())
  })
  req.on('end', () => end(() => whole ?? collected.octets()))
  // A client that goes away in the middle is an error event: there is nobody left to respond to.
  req.on('error', () => end(undefined))
  // Paused by a middleware before us, and read by nobody: nobody else resumes it.
  if (req.isPaused()) req.resume()
  // By then a body that came with its headers has been read, and needs no timer.
  if (timeoutSeconds !== undefined) process.nextTick(startTimer, timeoutSeconds)

  function startTimer(seconds: number): void {
    if (!hasEnded && !req.complete && !req.destroyed) timer = setTimeout(giveUp, seconds * 1000).unref()
  }

  function giveUp(): void {
    if (req.destroyed) end(undefined)
    else if (req.isPaused()) fail(unreadBody(`A middleware before latchkey has paused the request. ${bodyRemedy}`))
    else fail(refusal('invalid_request', 'body_late', 'The body did not arrive in time', { status: 408 }))
  }

  function fail(error: Error): void {
    end(throwing(error))
  }

  function end(octets: ReadOctets | undefined): void {
    if (hasEnded) return
    hasEnded = true
    clearTimeout(timer)
    if (octets !== undefined) caller.runInAsyncScope(done, undefined, octets)
  }
}

/** A middleware before us has taken the body: that is a mistake of the application, and the caller learns no more than of any other. */
export function unreadBody(message: string): OAuthError {
  const cause = new Error(message)
  return refusal('server_error', 'body_unread', 'The server met an unexpected condition', { cause })
}

/** The refusal of a body with too many octets. */
export function tooLarge(): OAuthError {
  return refusal('invalid_request', 'body_too_large', 'The body is too large', { status: 413 })
}

function throwing(error: Error): ReadOctets {
  return () => {
    throw error
  }
}
