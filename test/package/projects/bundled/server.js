import { createServer } from 'node:http'
import {
  bcryptHasher,
  clientCredentialsGrant,
  createAuthorizationServer,
  createClient,
  passwordGrant,
  refreshTokenGrant,
} from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'

const hasher = bcryptHasher()
const alice = { userId: 'user-1' }
const users = { findUserByUsername: (name) => (name === 'alice' ? alice : undefined), findUser: () => alice }
const grantTypes = ['password', 'refresh_token', 'client_credentials']
const { client, clientSecret } = createClient({ grantTypes, scopes: ['a'], firstParty: true })
const { clients, tokens } = createMemoryStores({ clients: [client] })
const oauth = createAuthorizationServer({
  issuer: 'http://localhost:3000',
  clients,
  tokens,
  scopes: ['a'],
  grants: [passwordGrant({ users, hasher }), refreshTokenGrant(), clientCredentialsGrant()],
  onEvent() {},
})
const guard = oauth.requireBearer({ scope: 'a', for: 'user' })
const handler = oauth.handler((req, res) => guard(req, res, () => res.end(req.auth.userId)))

const server = createServer(handler).listen(0, '127.0.0.1', async () => {
  alice.passwordHash = await hasher.hash('correct horse')
  const url = `http://127.0.0.1:${server.address().port}`
  const headers = { authorization: `Basic ${btoa(`${client.clientId}:${clientSecret}`)}` }
  const ask = (parameters) => {
    const body = new URLSearchParams({ scope: 'a', ...parameters })
    return fetch(`${url}/oauth/token`, { method: 'POST', headers, body })
  }
  const byPassword = (password) => ask({ grant_type: 'password', username: 'alice', password })
  const signedIn = await byPassword('correct horse')
  const { access_token } = await signedIn.json()
  const answers = {
    client: (await ask({ grant_type: 'client_credentials' })).status,
    user: signedIn.status,
    wrongPassword: (await byPassword('wrong horse')).status,
    guarded: (await fetch(url, { headers: { authorization: `Bearer ${access_token}` } })).status,
  }
  console.log(JSON.stringify(answers))
  server.close()
  server.closeAllConnections()
})
