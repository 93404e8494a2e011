// Compiled, never run: what the types of a guarded route are, against the types of Express 4 and of Express 5.
import { createServer } from 'node:http'
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import type { Auth, AuthorizationServer, ClientAuth, HttpHandler, Scope, UserAuth } from 'latchkey'

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- by them the compiler compares exactly
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Takes a value of exactly this type, and no other. */
declare function exactly<Expected>(): <Actual>(
  value: Actual,
  ...no: Same<Expected, Actual> extends true ? [] : [never]
) => void

declare const oauth: AuthorizationServer
declare const middleware: RequestHandler
const app = express()
const forUsers = oauth.requireBearer({ for: 'user' })

// A guard narrows req.auth to what it lets pass.
app.get('/any', oauth.requireBearer(), (req, res) => {
  exactly<Auth>()(req.auth)
  res.json(req.auth.actsFor === 'user' ? req.auth.userId : req.auth.clientId)
})
app.get('/scoped', oauth.requireBearer({ scope: 'a b', anyScope: ['c'] as const, optional: false }), (req, res) => {
  exactly<Auth>()(req.auth)
  exactly<Scope>()(req.auth.scope)
  res.end()
})
app.get('/users', oauth.requireBearer({ for: 'user', scope: ['a'] }), (req, res) => {
  exactly<UserAuth>()(req.auth)
  res.end()
})
app.get('/clients', oauth.requireBearer({ for: 'client' }), (req, res) => {
  exactly<ClientAuth>()(req.auth)
  res.end()
})
app.get('/optional', oauth.requireBearer({ optional: true }), (req, res) => {
  exactly<Auth | undefined>()(req.auth)
  res.end()
})
app.get('/optional-users', oauth.requireBearer({ for: 'user', optional: true }), (req, res) => {
  exactly<UserAuth | undefined>()(req.auth)
  res.end()
})
app.get('/unguarded', (req, res) => {
  exactly<Auth | undefined>()(req.auth)
  res.end()
})

// In every place where a guard stands in a route, and without harm to what Express infers by itself.
app.post('/orders/:id', middleware, forUsers, express.json(), forUsers)
app.post('/orders/:id', express.json(), forUsers, (req, res) => {
  exactly<UserAuth>()(req.auth)
  exactly<string>()(req.params.id)
  res.end()
})
app.get(
  '/two-handlers',
  forUsers,
  (req, _res, next) => {
    exactly<UserAuth>()(req.auth)
    next()
  },
  async (req, res) => {
    exactly<UserAuth>()(req.auth)
    res.end(await Promise.resolve(req.auth.userId))
  },
)
app.get('/two-guards', oauth.requireBearer({ scope: 'a' }), forUsers, (req, res) => {
  exactly<UserAuth>()(req.auth)
  res.end()
})
app.use('/mounted', forUsers, (req, res) => {
  exactly<UserAuth>()(req.auth)
  res.end()
})
express.Router().put('/routed', forUsers, (req, res) => {
  exactly<UserAuth>()(req.auth)
  res.end()
})

// Where the types of Express leave nothing to infer from, req.auth is wide: never narrower than what is checked.
app.use(forUsers, (req, res) => {
  exactly<Auth | undefined>()(req.auth)
  res.end()
})
app.route('/chained').get(forUsers, (req, res) => {
  exactly<Auth | undefined>()(req.auth)
  res.end()
})
app.get('/behind-middleware', forUsers, middleware, (req, res) => {
  exactly<Auth | undefined>()(req.auth)
  res.end()
})
function typedHandler(req: Request, res: Response): void {
  exactly<Auth | undefined>()(req.auth)
  res.end()
}
app.get('/typed-handler', forUsers, typedHandler)
app.get('/list', forUsers, [typedHandler, middleware])
app.get('/error', forUsers, (error: unknown, _req: Request, _res: Response, next: NextFunction) => {
  next(error)
})

// What is structural fits Express 4, Express 5 and node:http alike.
const structural: HttpHandler = (req, res, next) => {
  if (req.method === 'GET') res.end()
  else next(new Error(typeof req.body))
}
app.use(structural)
app.use('/a', structural, oauth.router(), forUsers)
app.get('/a', structural, forUsers, structural, typedHandler)
express.Router().use(oauth.router()).use(forUsers)
createServer((req, res) => {
  structural(req, res, () => res.end())
  oauth.router()(req, res, () => res.end())
  forUsers(req, res, () => res.end())
})
createServer(oauth.handler(app))
createServer(oauth.handler())
