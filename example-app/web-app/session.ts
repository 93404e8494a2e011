import { randomUUID } from 'node:crypto'
import { csrfSync } from 'csrf-sync'
import type { Request, RequestHandler } from 'express'
import { getIronSession, type IronSession } from 'iron-session'
import { needDemoSecrets } from '../demo-files.js'

/** The content of the encrypted cookie, without a password. Changes count once they are saved, before the page is sent. */
interface Session {
  id?: string
  csrfToken?: string
  user?: SignedInUser | undefined
  /** The page that was asked for before the sign-in. */
  returnTo?: string | undefined
}

/** A user, and the tokens of the sign-in; times are milliseconds since the epoch. */
export type SignedInUser = Readonly<
  Record<'username' | 'accessToken' | 'refreshToken', string> & Record<'expiresAt' | 'renewals' | 'renewedAt', number>
>

const { cookiePassword: password } = needDemoSecrets()
const sessions = new WeakMap<object, IronSession<Session>>()

/** Opens the session of a browser. Only pages begin one: forms of other sites come without the cookie, and would replace it. */
export const openSession: RequestHandler = async (req, res, next) => {
  // Not sent with posts from other sites, nor readable by scripts, nor sent without TLS where there is TLS.
  const cookieOptions = { httpOnly: true, sameSite: 'lax', secure: req.secure } as const
  const session = await getIronSession<Session>(req, res, { cookieName: 'shop_session', password, cookieOptions })
  sessions.set(req, session)
  if (req.method === 'GET') await beginSession(req)
  next()
}

/** Begins a session, if there is none. */
export async function beginSession(req: Request): Promise<void> {
  const session = sessionOf(req)
  if (session.csrfToken !== undefined) return
  session.id = randomUUID()
  generateToken(req)
  await session.save()
}

/** Gives the session a new id and a new token, at sign-in and sign-out: what somebody knew of it before is useless. Save it. */
export function renewSession(req: Request): IronSession<Session> {
  const session = sessionOf(req)
  session.id = randomUUID()
  generateToken(req, true)
  return session
}

/** The session of a request. */
export function sessionOf(req: Request): IronSession<Session> {
  const session = sessions.get(req)
  if (session === undefined) throw new Error('openSession comes first')
  return session
}

/** A token in the session that each form must repeat: other sites cannot read it, so they cannot post. */
export const { generateToken, csrfSynchronisedProtection: protectForms } = csrfSync({
  getTokenFromState: (req) => sessionOf(req).csrfToken,
  storeTokenInState: (req, token) => void (sessionOf(req).csrfToken = token ?? ''),
  getTokenFromRequest: (req) => (req.body as { csrf?: string } | undefined)?.csrf,
})
