// latchkey with the options of its README; what is not said here has its default, the throttle among it.
//
// Variants: `front`, in front of Express; `http`, without Express; `resource`, the guard of an API that does not issue; `native`, with
// the package bcrypt in place of the own hasher; `addresses`, for which each request has an address of its own.
import express from 'express'
import {
  bcryptHasher,
  clientCredentialsGrant,
  createAuthorizationServer,
  createClient,
  digestClientSecret,
  loadSigningKeys,
  passwordGrant,
  refreshTokenGrant,
} from 'latchkey'
import { createResourceServer } from 'latchkey/resource-server'
import { createMemoryStores } from 'latchkey/stores/memory'
import { audience, client, issuer, orders, scope, user } from '../fixtures.mjs'
import { hashOf, nativeHasher, plainHasher, serveJwks } from './parts.mjs'

export async function create({ workload, variant, keys }) {
  if (variant === 'resource') return { handler: apiApp(await guardOfApi(keys[workload.algorithm])) }
  let ahead = 0
  const clock = () => Math.floor(Date.now() / 1000) + ahead
  const { clients, tokens } = createMemoryStores({ clients: [service()], maxTokens: 8_000_000, clock })
  const oauth = createAuthorizationServer({
    issuer,
    clients,
    tokens,
    scopes: [scope],
    // One user of one client does in seconds what it may do in days.
    grants: [
      clientCredentialsGrant(),
      passwordGrant({ ...(await signIn(workload, variant)), signInsPerDay: 86_400_000 }),
      refreshTokenGrant({ refreshesPerDay: 86_400_000 }),
    ],
    ...(workload.algorithm && jwts(keys[workload.algorithm])),
    ...(variant === 'addresses' && { clientAddress: (req) => req.headers['x-address'] }),
    ...(workload.advances && { clock }),
  })
  /** Time passes; what has expired is removed by the timer of the store, or by this. */
  const advance = (seconds) => {
    ahead += seconds
    tokens.prune(clock())
  }

  const guard = oauth.requireBearer({ scope })
  if (workload.guardOnly) return { handler: (req, res) => guard(req, res, () => res.end()), advance }
  if (variant === 'http') return { handler: oauth.handler(apiApp(guard)), advance }
  const app = express()
  if (variant !== 'front') app.use(oauth.router())
  app.get('/orders', guard, (req, res) => res.json(orders))
  return { handler: variant === 'front' ? oauth.handler(app) : app, advance }
}

function service() {
  const { client: made } = createClient({
    clientId: client.id,
    grantTypes: ['client_credentials', 'password', 'refresh_token'],
    scopes: [scope],
    firstParty: true,
    mayIntrospect: true,
  })
  return { ...made, secrets: [{ ...made.secrets[0], digest: digestClientSecret(client.secret) }] }
}

async function signIn({ cost = 4 }, variant) {
  const alice = { userId: user.id, passwordHash: await hashOf(user.password, cost) }
  const users = { findUserByUsername: (name) => (name === user.name ? alice : undefined), findUser: () => alice }
  const hashers = { native: nativeHasher, plain: plainHasher }
  return { users, hasher: hashers[variant]?.() ?? bcryptHasher() }
}

function jwts(jwk) {
  return {
    signingKeys: loadSigningKeys([{ key: jwk, algorithm: jwk.alg }]),
    resources: [{ resource: audience }],
    accessTokenFormat: 'jwt',
  }
}

async function guardOfApi(jwk) {
  return createResourceServer({ issuer, audience, jwks: { uri: await serveJwks(jwk) } }).requireBearer({ scope })
}

function apiApp(guard) {
  return express().get('/orders', guard, (req, res) => res.json(orders))
}
