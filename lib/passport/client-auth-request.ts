import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import type { HttpRequest } from '../http/http.js'
import { isForm, readAuthorization } from '../http/request-headers.js'
import { adoptForm, Parameters, parseForm } from '../protocol/parameters.js'
import type { RequestContext } from '../request/request-context.js'

/** What of a form is about the client; the rest belongs to the route, which may have rules of its own for it. */
const clientParameters: ReadonlySet<string> = new Set([
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'client_secret',
])

/**
 * What an HTTP request says about the client that sent it. A form is taken from `req.body`, where the application's parser left
 * it; one that nobody has read is left alone. Throws `invalid_request`, and an `Error` for an unread form that is needed.
 */
export function clientAuthRequest(req: HttpRequest, context: RequestContext, needsForm: boolean): ClientAuthRequest {
  const parameters = clientParametersOf(req)
  const authorization = readAuthorization(req)
  if (needsForm && authorization === undefined && isUnreadForm(req)) {
    throw new Error('The form of a client was not read: put express.urlencoded() before passport.authenticate()')
  }
  return { authorization, parameters, context }
}

function clientParametersOf(req: HttpRequest): Parameters {
  const { body } = req
  if (!isForm(req) || body === undefined || body === null) return new Parameters()
  if (Buffer.isBuffer(body)) return parseForm(body.toString())
  if (typeof body !== 'object' || Array.isArray(body)) return adoptForm(body)
  return adoptForm(Object.fromEntries(Object.entries(body).filter(([name]) => isAboutClient(name))))
}

/** Also for `client_id[]`, which is a mistake and not another name. */
function isAboutClient(name: string): boolean {
  return clientParameters.has(name.split('[', 1)[0] ?? '')
}

function isUnreadForm(req: HttpRequest): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = req.headers
  return isForm(req) && req.body === undefined && (encoding !== undefined || Number(length) > 0)
}
