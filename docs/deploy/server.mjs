// The server of compose.yaml. Node.js 20.19 or later; `npm install express latchkey pg`.
import express from 'express'
import { clientCredentialsGrant, createAuthorizationServer, digestClientSecret, pruneRegularly } from 'latchkey'
import { openPostgresStores } from 'latchkey/stores/postgres'
import pg from 'pg'

const { DATABASE_URL, ISSUER, CLIENT_SECRET, PORT = '3000', TRUST_PROXY = '0' } = process.env

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20, connectionTimeoutMillis: 5000 })
pool.on('error', ({ message }) => console.error('PostgreSQL:', message))
const { clients, tokens, throttle } = await openPostgresStores(pool)
const stopPruning = pruneRegularly(tokens)

// The first client; its secret is 32 random bytes that you made, the same in all processes.
await clients.saveClient({
  clientId: 'stock-sync',
  clientType: 'confidential',
  authMethods: ['client_secret_basic'],
  secrets: [{ digest: digestClientSecret(CLIENT_SECRET) }],
  grantTypes: ['client_credentials'],
  scopes: ['stock:read'],
  defaultScopes: ['stock:read'],
})

const oauth = createAuthorizationServer({
  issuer: ISSUER,
  clients,
  tokens,
  throttle,
  scopes: ['stock:read'],
  grants: [clientCredentialsGrant()],
  strict: true,
  onEvent: (event) => {
    if (event.level !== 'debug') console.log(JSON.stringify({ ...event, cause: event.cause?.message }))
  },
})

const app = express()
app.disable('x-powered-by')
app.set('trust proxy', Number(TRUST_PROXY))
let isStopping = false
app.use((req, res, next) => {
  // A kept connection would bring further requests, and `server.close()` would wait for it.
  if (isStopping) res.set('Connection', 'close')
  next()
})
app.get('/ready', async (req, res) => {
  const isReady = !isStopping && (await pool.query('SELECT 1').then(Boolean, () => false))
  res.status(isReady ? 200 : 503).end()
})
app.use(oauth.router())
app.get('/stock', oauth.requireBearer({ scope: 'stock:read' }), (req, res) => res.json({ by: req.auth.clientId }))

const server = app.listen(Number(PORT), () => console.log(`Listening on port ${PORT}`))

// Docker and Kubernetes send SIGTERM first: take no new connections, finish the requests that are here, then go.
process.once('SIGTERM', () => {
  isStopping = true
  stopPruning()
  server.close(async () => {
    await pool.end()
    console.log('Stopped')
  })
})
