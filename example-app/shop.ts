import express, { type ErrorRequestHandler, type Express } from 'express'
import {
  clientCredentialsGrant,
  createAuthorizationServer,
  passwordGrant,
  refreshTokenGrant,
  type ClientStore,
  type PasswordHasher,
  type SigningKeys,
  type TokenStore,
} from 'latchkey'
import { keyCacheSeconds } from './key-timing.js'
import { ordersRouter } from './orders.js'
import type { ShopData } from './shop-data.js'
import { stockRouter } from './stock.js'

/** What the shop is made of. */
export interface ShopParts {
  readonly issuer: string
  /** Where the stock service is, and what its tokens are for. */
  readonly stockService: string
  readonly data: ShopData
  readonly clients: ClientStore
  readonly tokens: TokenStore
  readonly hasher: PasswordHasher
  readonly signingKeys: SigningKeys
  /** Seconds. */
  readonly accessTokenLifetimeSeconds: number
}

/** Makes the shop's Express app: the token endpoint, then the routes, each behind its guard. */
export function createShop({
  issuer,
  stockService,
  data,
  clients,
  tokens,
  hasher,
  signingKeys,
  accessTokenLifetimeSeconds,
}: ShopParts): Express {
  const oauth = createAuthorizationServer({
    issuer,
    clients,
    tokens,
    scopes: ['orders:read', 'orders:write', 'stock:read', 'stock:write'],
    grants: [passwordGrant({ users: data.users, hasher }), refreshTokenGrant(), clientCredentialsGrant()],
    // The first one is this app, which looks its tokens up; the stock service has nothing to look them up in.
    resources: [{ resource: issuer }, { resource: stockService, scopes: ['stock:read'], accessTokenFormat: 'jwt' }],
    signingKeys,
    jwksMaxAgeSeconds: keyCacheSeconds,
    accessTokenLifetimeSeconds,
  })

  const app = express()
  app.disable('x-powered-by')
  app.use(oauth.router())
  app.use('/orders', ordersRouter(oauth, data))
  app.use('/stock', stockRouter(oauth, data))
  app.use((_req, res) => void res.status(404).json({ error: 'not_found' }))
  app.use(answerError)
  return app
}

/** What `express.json()` refuses is the caller's fault, and says so; everything else is ours, and tells nothing. */
const answerError: ErrorRequestHandler = (error: { readonly status?: unknown }, _req, res, next) => {
  if (res.headersSent) next(error)
  else if (typeof error.status === 'number' && error.status < 500)
    res.status(error.status).json({ error: 'invalid_body' })
  else {
    console.error(error)
    res.status(500).json({ error: 'server_error' })
  }
}
