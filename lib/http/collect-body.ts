import { AsyncResource } from 'node:async_hooks'
import { types } from 'node:util'
import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import { CollectedBytes } from './collected-bytes.js'
import type { HttpRequest } from './http.js'

/** Returns the bytes of a body, or throws why there are none. */
export type ReadBytes = () => Uint8Array

/** How a body is collected. */
export interface CollectLimits {
  readonly maxBytes: number
  /** Absent: no limit. */
  readonly timeoutSeconds: number | undefined
}

/** For the operator: what to do about a middleware that consumes the body and does not leave the form in `req.body`. */
export const bodyRemedy = 'Mount oauth.router() before it, or mount a body parser that leaves the form in req.body'

/** Encodings of `req.setEncoding()` that preserve every byte. Invalid UTF-8 becomes U+FFFD, which no parameter may have. */
const losslessEncodings: ReadonlySet<string> = new Set(['utf8', 'latin1', 'hex', 'base64', 'base64url'])

/** Collects a body that has not been read yet, and calls `done` once; never if the client disconnects. */
export function collectBody(
  req: HttpRequest,
  { maxBytes, timeoutSeconds }: CollectLimits,
  done: (bytes: ReadBytes) => void,
): void {
  const encoding = req.readableEncoding
  if (encoding !== null && !losslessEncodings.has(encoding)) {
    done(throwing(unreadBody(`A middleware before latchkey called req.setEncoding('${encoding}'). ${bodyRemedy}`)))
    return
  }
  // The events of a stream run in the async context of the socket, not in that of the middleware before us.
  const caller = new AsyncResource('latchkey.body')
  const expected = encoding === null ? Number(req.headers['content-length']) : undefined
  const collected = new CollectedBytes(maxBytes)
  let whole: Uint8Array | undefined
  let timer: NodeJS.Timeout | undefined
  let hasEnded = false

  req.on('data', (part: unknown) => {
    // Further parts are discarded.
    if (hasEnded) return
    const bytes = typeof part === 'string' ? Buffer.from(part, encoding ?? 'utf8') : part
    if (!types.isUint8Array(bytes)) fail(unreadBody(`The body has parts that are not bytes. ${bodyRemedy}`))
    // Most bodies arrive in one part, which need not be copied.
    else if (bytes.length === expected) whole = bytes
    else if (!collected.add(bytes)) fail(tooLarge())
  })
  req.on('end', () => end(() => whole ?? collected.bytes()))
  // The client has disconnected: there is nobody left to respond to.
  req.on('error', () => end(undefined))
  // Paused by a middleware before us that does not read it: nothing else would resume it.
  if (req.isPaused()) req.resume()
  // In the next tick, because a body that arrived together with its headers has been read by then, and needs no timer.
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

  function end(bytes: ReadBytes | undefined): void {
    if (hasEnded) return
    hasEnded = true
    clearTimeout(timer)
    if (bytes !== undefined) caller.runInAsyncScope(done, undefined, bytes)
  }
}

/** Creates the error for a body that a middleware before us has consumed: a mistake of the application, so the client gets 500. */
export function unreadBody(message: string): OAuthError {
  const cause = new Error(message)
  return refusal('server_error', 'body_unread', 'The server met an unexpected condition', { cause })
}

/** Creates the refusal of a body with too many bytes. */
export function tooLarge(): OAuthError {
  return refusal('invalid_request', 'body_too_large', 'The body is too large', { status: 413 })
}

function throwing(error: Error): ReadBytes {
  return () => {
    throw error
  }
}
