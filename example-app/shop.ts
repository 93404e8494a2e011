import express, { type ErrorRequestHandler, type Express } from 'express'
import { clientCredentialsGrant, createAuthorizationServer } from 'latchkey'
import { passwordGrant, refreshTokenGrant, type PasswordHasher, type SigningKeys } from 'latchkey'
import { addApi } from './api.js'
import { keyTiming, type Settings } from './settings.js'
import type { ShopStorage } from './storage.js'

interface Services {
  readonly hasher: PasswordHasher
  readonly signingKeys: SigningKeys
}

/** Creates the shop's Express app: the token endpoint, then the routes, each behind its guard. */
export function createShop(settings: Settings, storage: ShopStorage, { hasher, signingKeys }: Services): Express {
  const { issuer, stockService, accessTokenLifetimeSeconds } = settings
  const { clients, tokens, throttle, data } = storage
  const oauth = createAuthorizationServer({
    ...{ issuer, clients, tokens, throttle },
    scopes: ['orders:read', 'orders:write', 'stock:read', 'stock:write'],
    grants: [passwordGrant({ users: data.users, hasher }), refreshTokenGrant(), clientCredentialsGrant()],
    // The first one is this app, which looks its tokens up. The stock service has no database to look them up in: it gets JWTs.
    resources: [{ resource: issuer }, { resource: stockService, scopes: ['stock:read'], accessTokenFormat: 'jwt' }],
    signingKeys,
    jwksMaxAgeSeconds: keyTiming.cacheSeconds,
    accessTokenLifetimeSeconds,
  })

  const app = express()
  app.disable('x-powered-by')
  // The web app sends the address of the browser in X-Forwarded-For: guesses are counted for browsers, not for their server.
  app.set('trust proxy', 'loopback')
  app.use(oauth.router())
  addApi(app, oauth, data)
  app.use((_req, res) => void res.status(404).json({ error: 'not_found' }))
  app.use(answerError)
  return app
}

/** Responds to errors: what `express.json()` refuses is the caller's fault, and says so; everything else is ours, and says nothing. */
const answerError: ErrorRequestHandler = (error: { readonly status?: number }, _req, res, next) => {
  const { status = 500 } = error
  if (status >= 500) console.error(error)
  if (res.headersSent) next(error)
  else res.status(status).json({ error: status < 500 ? 'invalid_body' : 'server_error' })
}
