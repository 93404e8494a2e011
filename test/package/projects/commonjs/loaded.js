// Prints which packages are loaded with latchkey, and which with an HS256 key.
const { createSecretKey, randomBytes } = require('node:crypto')
const latchkey = require('latchkey')
const { createMemoryStores } = require('latchkey/stores/memory')

const loaded = () => [
  ...new Set(
    Object.keys(require.cache).flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []),
  ),
]

async function main() {
  const atStart = loaded().sort()
  const { client, clientSecret } = latchkey.createClient({ grantTypes: ['client_credentials'], scopes: ['a'] })
  const { clients, tokens } = createMemoryStores({ clients: [client] })
  const oauth = latchkey.createAuthorizationServer({
    issuer: 'http://localhost:8080',
    clients,
    tokens,
    scopes: ['a'],
    grants: [latchkey.clientCredentialsGrant()],
    signingKeys: latchkey.loadSigningKeys([createSecretKey(randomBytes(32))]),
    resources: [{ resource: 'http://localhost:8080/a', accessTokenFormat: 'jwt' }],
    onEvent() {},
  })
  const server = require('node:http').createServer(oauth.handler()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const response = await fetch(`http://127.0.0.1:${server.address().port}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'a' }),
  })
  const { access_token: token = '' } = await response.json()
  server.close()
  console.log(JSON.stringify({ atStart, forHs256: loaded(), isSigned: token.split('.').length === 3 }))
}

void main()
