const express = require('express')
const { clientCredentialsGrant, createAuthorizationServer, createClient } = require('latchkey')
const { createMemoryStores } = require('latchkey/stores/memory')

const { clients, tokens } = createMemoryStores()
const { client, clientSecret } = createClient({ grantTypes: ['client_credentials'], scopes: ['orders:read'] })
clients.saveClient(client)

const oauth = createAuthorizationServer({
  issuer: 'http://localhost:3000',
  clients,
  tokens,
  scopes: ['orders:read'],
  grants: [clientCredentialsGrant()],
})

const app = express()
app.use(oauth.router())
app.get('/orders', oauth.requireBearer({ scope: 'orders:read' }), (req, res) => {
  res.json({ clientId: req.auth.clientId })
})

const server = app.listen(0, '127.0.0.1', async () => {
  const origin = `http://127.0.0.1:${server.address().port}`
  const tokenAnswer = await fetch(`${origin}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'orders:read' }),
  })
  const { access_token, ...rest } = await tokenAnswer.json()
  const guarded = await fetch(`${origin}/orders`, { headers: { authorization: `Bearer ${access_token}` } })
  const unguarded = await fetch(`${origin}/orders`)
  console.log(
    JSON.stringify({
      token: { status: tokenAnswer.status, body: rest },
      orders: { status: guarded.status, ofClient: (await guarded.json()).clientId === client.clientId },
      ordersWithoutToken: unguarded.status,
    }),
  )
  server.close()
})
