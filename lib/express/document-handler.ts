import type { ServerResponse } from 'node:http'
import { publicError } from '../errors/public-error.js'
import { OAuthError } from '../errors/oauth-error.js'
import { andThen, isPromiseLike, type MaybePromise } from '../protocol/maybe-promise.js'
import { emitError, type Emit } from '../events.js'
import { HttpRequestContext } from './http-request-context.js'
import type { HttpRequest } from './http.js'
import { writeError } from './write-answer.js'

/** Makes the handler of a public document: keys, metadata. It may be cached, and read from any web page. */
export function documentHandler(
  { emit }: { readonly emit: Emit },
  document: () => MaybePromise<object>,
  maxAgeSeconds: number,
): (req: HttpRequest, res: ServerResponse) => void {
  return (req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD')
      writeError(res, new OAuthError('invalid_request', 'Only GET is allowed here', { status: 405 }), undefined)
      return
    }
    try {
      const written = andThen(document(), write)
      if (isPromiseLike(written)) void written.then(undefined, fail)
    } catch (thrown) {
      fail(thrown)
    }

    function write(body: object): void {
      const text = JSON.stringify(body)
      res.removeHeader('X-Powered-By')
      res.writeHead(200, {
        'Content-Type': 'application/json',
        'Cache-Control': `public, max-age=${String(maxAgeSeconds)}`,
        'Access-Control-Allow-Origin': '*',
        'Content-Length': Buffer.byteLength(text),
        'X-Content-Type-Options': 'nosniff',
      })
      res.end(req.method === 'HEAD' ? undefined : text)
    }

    function fail(thrown: unknown): void {
      const error = publicError(thrown)
      emitError(emit, new HttpRequestContext(req), error)
      writeError(res, error, undefined)
    }
  }
}
