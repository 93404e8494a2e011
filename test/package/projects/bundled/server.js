import { createServer } from 'node:http'
import { clientCredentialsGrant, createAuthorizationServer, createClient } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'

const { clients, tokens } = createMemoryStores()
const { client, clientSecret } = createClient({ grantTypes: ['client_credentials'], scopes: ['a'] })
clients.saveClient(client)
// A secret that somebody chose, as an older system has stored it.
const digest = `$2b$10$${'a'.repeat(53)}`
clients.saveClient({ ...client, clientId: 'brought-along', secrets: [{ digest }] })

let cause
const oauth = createAuthorizationServer({
  issuer: 'http://localhost:3000',
  clients,
  tokens,
  scopes: ['a'],
  grants: [clientCredentialsGrant()],
  chosenClientSecrets: true,
  onEvent: (event) => (cause ??= event.type === 'failure' ? event.cause.message : undefined),
})

const server = createServer(oauth.handler()).listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/oauth/token`
  const ask = async (clientId, secret) => {
    const headers = { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` }
    const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'a' })
    return (await fetch(url, { method: 'POST', headers, body })).status
  }
  const generated = await ask(client.clientId, clientSecret)
  const chosen = await ask('brought-along', 'summer')
  console.log(JSON.stringify({ generated, chosen, cause }))
  server.close()
})
