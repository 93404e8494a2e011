import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import passport from 'passport'
import request from 'supertest'
import { createResourceServer } from 'latchkey/resource-server'
import type { Mistake } from '../mistakes.js'
import { serverWith, untyped } from './sound-server.js'

/** As it is given to somebody else, without being called. */
function memberOf(owner: object, name: string): unknown {
  return Reflect.get(owner, name)
}

/** What the first request makes of a middleware; the request is not let through. */
async function firstRequest(middleware: unknown): Promise<never> {
  let thrown: unknown
  const app = express()
  app.get('/orders', untyped(middleware), (_req, res) => {
    res.send('orders')
  })
  const onError: express.ErrorRequestHandler = (error, _req, res, next) => {
    thrown = error
    if (res.headersSent) next(error)
    else res.sendStatus(500)
  }
  app.use(onError)
  const { status } = await request(app).get('/orders').set('Authorization', 'Bearer x')
  if (status !== 500) throw new Error(`The request was answered ${String(status)}`)
  throw thrown
}

/** What a listener throws at its first request. */
function firstCall(listener: RequestListener): unknown {
  const server = createServer(listener)
  return server.emit('request', {}, {})
}

const api = (): ReturnType<typeof createResourceServer> =>
  createResourceServer({ issuer: 'https://auth.example.com', audience: 'https://api.example.com', jwks: true })

/** What makes a middleware, a listener or a strategy, given as one without being called. */
export const uncalled: readonly Mistake[] = [
  {
    mistake: 'app.use(oauth.router)',
    make: () => firstRequest(memberOf(serverWith({}), 'router')),
    says: 'router: is used as a middleware itself. Call it: app.use(oauth.router()).',
  },
  {
    mistake: "app.get('/orders', oauth.requireBearer, listOrders)",
    make: () => firstRequest(memberOf(serverWith({}), 'requireBearer')),
    says: "requireBearer: is used as a middleware itself. Call it: app.get('/orders', oauth.requireBearer(), listOrders).",
  },
  {
    mistake: "app.get('/orders', api.requireBearer, listOrders) at a resource server",
    make: () => firstRequest(memberOf(api(), 'requireBearer')),
    says: "requireBearer: is used as a middleware itself. Call it: app.get('/orders', api.requireBearer(), listOrders).",
  },
  {
    mistake: 'app.use(api.router) at a resource server',
    make: () => firstRequest(memberOf(api(), 'router')),
    says: 'router: is used as a middleware itself. Call it: app.use(api.router()).',
  },
  {
    mistake: 'createServer(oauth.handler)',
    make: () => firstCall(untyped(memberOf(serverWith({}), 'handler'))),
    says: 'handler: is used as a middleware itself. Call it: createServer(oauth.handler()).',
  },
  {
    mistake: 'passport.use(oauth.strategies.bearer)',
    make: () => {
      const authenticator = new passport.Passport()
      authenticator.use(untyped(memberOf(serverWith({}).strategies, 'bearer')))
      return firstRequest(authenticator.authenticate('bearer', { session: false }))
    },
    says: 'strategies.bearer: is used as a strategy itself. Call it: passport.use(oauth.strategies.bearer()).',
  },
  {
    mistake: 'passport.use(oauth.strategies.clientBasic)',
    make: () => {
      const authenticator = new passport.Passport()
      authenticator.use(untyped(memberOf(serverWith({}).strategies, 'clientBasic')))
      return firstRequest(authenticator.authenticate('basic', { session: false }))
    },
    says: 'strategies.clientBasic: is used as a strategy itself. Call it: passport.use(oauth.strategies.clientBasic()).',
  },
]
