const { createServer } = require('node:http')
const { generateKeyPairSync } = require('node:crypto')
const { clientCredentialsGrant, createAuthorizationServer, createClient, loadSigningKeys } = require('latchkey')
const { createResourceServer } = require('latchkey/resource-server')
const { createMemoryStores } = require('latchkey/stores/memory')

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))

async function main() {
  const front = createServer()
  const issuer = `http://127.0.0.1:${await listen(front)}`
  const { client, clientSecret } = createClient({ grantTypes: ['client_credentials'], scopes: ['a'] })
  const { clients, tokens } = createMemoryStores({ clients: [client] })
  const oauth = createAuthorizationServer({
    issuer,
    clients,
    tokens,
    scopes: ['a'],
    grants: [clientCredentialsGrant()],
    resources: [{ resource: `${issuer}/api` }],
    accessTokenFormat: 'jwt',
    signingKeys: loadSigningKeys([generateKeyPairSync('ed25519').privateKey]),
  })
  front.on('request', oauth.handler())
  const guard = createResourceServer({ issuer, audience: `${issuer}/api`, jwks: true }).requireBearer({ scope: 'a' })
  const api = createServer((req, res) => guard(req, res, () => res.end('in')))
  const url = `http://127.0.0.1:${await listen(api)}`
  const headers = { authorization: `Basic ${btoa(`${client.clientId}:${clientSecret}`)}` }
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'a' })
  const answer = await (await fetch(`${issuer}/oauth/token`, { method: 'POST', headers, body })).json()
  const get = async (token) => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status
  console.log(JSON.stringify({ good: await get(answer.access_token), bad: await get(`${answer.access_token}x`) }))
  front.close()
  api.close()
  front.closeAllConnections()
  api.closeAllConnections()
}

main()
