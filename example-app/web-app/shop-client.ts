import type { Request } from 'express'
import { needDemoSecrets } from '../demo-files.js'
import { basic, send, type Answer, type ClientRequest } from '../http-exchange.js'
import { readSettings } from '../settings.js'
import { noteFor } from './exchanges.js'
import { sessionOf, type SignedInUser } from './session.js'

/** What a page says in place of what was asked for. `wait` is in seconds, and 0 if waiting does not help. */
export class Trouble extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly wait = 0,
  ) {
    super(message)
  }
}

/** Only the password helps; the message is the name of a notice. */
export class SignInNeeded extends Error {}

const { url } = readSettings()
const Authorization = basic('shop-app', needDemoSecrets().clients['shop-app'])

/** Calls the shop for the user; renews the access token when it has expired, or is no longer valid (RFC 6750 §3.1). */
export async function callShop(
  req: Request,
  action: string,
  path: string,
  request: Partial<ClientRequest> = {},
): Promise<Answer> {
  const step = `${action} with the access token (RFC 6750 §2.1)`
  const call = ({ accessToken }: SignedInUser): Promise<Answer> =>
    ask(req, { ...request, step, url: url + path, headers: { Authorization: `Bearer ${accessToken}` } })
  const { user } = sessionOf(req)
  if (user === undefined) throw new SignInNeeded('needed')
  if (user.expiresAt <= Date.now()) return call(await renew(req, user))
  const answer = await call(user)
  const isInvalid = answer.headers.get('WWW-Authenticate')?.includes('error="invalid_token"')
  return isInvalid ? call(await renew(req, user)) : answer
}

/** Exchanges the refresh token for a new pair (RFC 6749 §6), without the password. */
async function renew(req: Request, { username, refreshToken, renewals }: SignedInUser): Promise<SignedInUser> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const step = 'Renews the access token, without the password (RFC 6749 §6)'
  const refused = 'Gets no tokens for the refresh token: the sign-in has ended (RFC 6749 §5.2)'
  const refresh = (): Promise<Answer> => postForm(req, 'token', { step, refused, form })
  // Once more if no response came: the shop may have spent the token, and responds to a retry with the same new pair. It does so,
  // too, when two requests of a browser come here at once, with one cookie.
  const answer = await refresh().catch(refresh)
  const user = await keepTokens(req, answer, { username, renewals: renewals + 1, renewedAt: Date.now() })
  if (user === undefined) throw new SignInNeeded('ended')
  return user
}

/** Keeps the tokens of a response in the cookie. If it has none, forgets those that were there. */
export async function keepTokens(req: Request, { status, body }: Answer, about: Partial<SignedInUser>) {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in } = body as Record<string, string>
  const tokens = { accessToken, refreshToken, expiresAt: Date.now() + Number(expires_in) * 1000 }
  const session = sessionOf(req)
  session.user = status === 200 ? ({ ...about, ...tokens } as SignedInUser) : undefined
  await session.save()
  return session.user
}

/** Posts a form to one of the shop's OAuth endpoints, with the app's own credentials. */
export function postForm(
  req: Request,
  endpoint: string,
  { form, ...steps }: Pick<ClientRequest, 'step' | 'refused'> & { readonly form: Record<string, string> },
): Promise<Answer> {
  const body = new URLSearchParams(form)
  return ask(req, { ...steps, method: 'POST', url: `${url}/oauth/${endpoint}`, headers: { Authorization }, body })
}

/** Sends a request for the person at the browser. Throws `Trouble` for what that person cannot change. */
async function ask(req: Request, request: ClientRequest): Promise<Answer> {
  const headers = { ...request.headers, 'X-Forwarded-For': req.ip ?? '' }
  const answer = await send({ ...request, headers }, noteFor(sessionOf(req).id)).catch(() => {
    throw new Trouble('The shop cannot be reached at the moment. Nothing is lost: please try again soon.', 503)
  })
  const wait = Number(answer.headers.get('Retry-After'))
  if (answer.status === 429) throw new Trouble('There were too many failed attempts.', 429, wait)
  // A 401 with a challenge for Basic is about the app itself, not about its user.
  const isOurs = answer.status >= 500 || answer.headers.get('WWW-Authenticate')?.startsWith('Basic')
  if (isOurs) throw new Trouble('The shop has trouble at the moment. Nothing is lost.', 503, wait)
  return answer
}
