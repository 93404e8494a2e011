// oidc-provider, mounted in Express, over a Map. It has no password grant: its first refresh tokens are made here.
import express from 'express'
import Provider from 'oidc-provider'
import { audience, client, issuer, lifetimeSeconds, orders, scope, user } from '../fixtures.mjs'

const connections = 48

export async function create({ workload, keys }) {
  const { algorithm } = workload
  const provider = new Provider(issuer, {
    adapter: adapterOver(new Map()),
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
        redirect_uris: [`${issuer}/callback`],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys: Object.values(keys).filter(({ kty }) => kty !== 'oct') },
    findAccount: async (context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    routes: { token: '/oauth/token', introspection: '/oauth/introspect', revocation: '/oauth/revoke' },
    scopes: ['openid', 'offline_access', scope],
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: {
      AccessToken: lifetimeSeconds,
      ClientCredentials: lifetimeSeconds,
      RefreshToken: 14 * 86_400,
      Grant: 90 * 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: algorithm ? { enabled: true, ...resourceWithJwts(keys[algorithm]) } : { enabled: false },
    },
  })
  const app = express()
  // It has no guard: one that asks its model.
  app.get('/orders', async (req, res) => {
    const token = await provider.ClientCredentials.find(req.headers.authorization.slice('Bearer '.length))
    if (token?.isValid) res.json(orders)
    else res.status(401).end()
  })
  app.use(provider.callback())
  return { handler: app, seeds: workload.traffic === 'refresh' ? await refreshTokens(provider) : undefined }
}

function resourceWithJwts({ alg, kid, k }) {
  const sign = alg === 'HS256' ? { alg, key: Buffer.from(k, 'base64url'), kid } : { alg, kid }
  return {
    defaultResource: () => audience,
    useGrantedResource: () => true,
    getResourceServerInfo: () => ({
      audience,
      scope,
      accessTokenFormat: 'jwt',
      accessTokenTTL: lifetimeSeconds,
      jwt: { sign },
    }),
  }
}

async function refreshTokens(provider) {
  const by = await provider.Client.find(client.id)
  return Promise.all(
    Array.from({ length: connections }, async () => {
      const grant = new provider.Grant({ accountId: user.id, clientId: client.id })
      grant.addOIDCScope(`offline_access ${scope}`)
      const grantId = await grant.save()
      const gty = 'authorization_code'
      return new provider.RefreshToken({
        accountId: user.id,
        client: by,
        grantId,
        gty,
        scope: `offline_access ${scope}`,
      }).save()
    }),
  )
}

function adapterOver(store) {
  const byGrant = new Map()
  return class MapAdapter {
    constructor(model) {
      this.prefix = `${model}:`
    }

    async upsert(id, payload) {
      const key = this.prefix + id
      store.set(key, payload)
      if (payload.grantId === undefined) return
      if (!byGrant.has(payload.grantId)) byGrant.set(payload.grantId, new Set())
      byGrant.get(payload.grantId).add(key)
    }

    async find(id) {
      return store.get(this.prefix + id)
    }

    async consume(id) {
      store.get(this.prefix + id).consumed = Math.floor(Date.now() / 1000)
    }

    async destroy(id) {
      store.delete(this.prefix + id)
    }

    async revokeByGrantId(grantId) {
      for (const key of byGrant.get(grantId) ?? []) store.delete(key)
      byGrant.delete(grantId)
    }
  }
}
