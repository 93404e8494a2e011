import middie from '@fastify/middie'
import Fastify from 'fastify'
import { clientCredentialsGrant, createAuthorizationServer, createClient } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'

const { client, clientSecret } = createClient({ grantTypes: ['client_credentials'], scopes: ['orders:read'] })
const { clients, tokens } = createMemoryStores({ clients: [client] })
const grants = [clientCredentialsGrant()]
const oauth = createAuthorizationServer({
  issuer: 'http://localhost:3000',
  clients,
  tokens,
  scopes: ['orders:read'],
  grants,
  onEvent() {},
})

const fastify = Fastify()
await fastify.register(middie)
fastify.use(oauth.router())
fastify.use('/orders', oauth.requireBearer({ scope: 'orders:read' }))
fastify.get('/orders', (request) => ({ isClient: request.raw.auth.clientId === client.clientId }))
const url = await fastify.listen({ port: 0, host: '127.0.0.1' })

const headers = { authorization: `Basic ${btoa(`${client.clientId}:${clientSecret}`)}` }
const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' })
const { access_token } = await (await fetch(`${url}/oauth/token`, { method: 'POST', headers, body })).json()
const get = async (token) => {
  const response = await fetch(`${url}/orders`, { headers: { authorization: `Bearer ${token}` } })
  return response.ok ? response.json() : response.status
}
console.log(JSON.stringify([await get(access_token), await get('bad')]))
await fastify.close()
