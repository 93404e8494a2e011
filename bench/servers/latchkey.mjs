// latchkey, with the options that its README shows. Variants: `front`, in front of Express; `http`, without Express.
import express from 'express'
import { clientCredentialsGrant, createAuthorizationServer, digestClientSecret } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { client, issuer, orders, scope } from '../fixtures.mjs'

export function create({ variant }) {
  const { clients, tokens } = createMemoryStores({ clients: [service] })
  const oauth = createAuthorizationServer({
    issuer,
    clients,
    tokens,
    scopes: [scope],
    grants: [clientCredentialsGrant()],
  })
  if (variant === 'http') return { handler: oauth.handler() }
  const app = express()
  if (variant !== 'front') app.use(oauth.router())
  app.get('/orders', oauth.requireBearer({ scope }), (req, res) => res.json(orders))
  return { handler: variant === 'front' ? oauth.handler(app) : app }
}

const service = {
  clientId: client.id,
  clientType: 'confidential',
  authMethods: ['client_secret_basic'],
  secrets: [{ secretId: 'first', digest: digestClientSecret(client.secret) }],
  grantTypes: ['client_credentials'],
  scopes: [scope],
}
