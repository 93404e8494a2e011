// Another API, in a process of its own: no database, no secret, only the keys that the shop publishes.
import { createServer } from 'node:http'
import express from 'express'
import { createResourceServer } from 'latchkey/resource-server'
import { keyCacheSeconds } from './key-timing.js'

const host = process.env['HOST'] ?? '127.0.0.1'
const port = Number(process.env['STOCK_PORT'] ?? 3001)
const { SHOP_URL = 'http://127.0.0.1:3000', STOCK_URL = `http://127.0.0.1:${port}` } = process.env

const resourceServer = createResourceServer({
  issuer: SHOP_URL,
  audience: STOCK_URL,
  jwks: { cacheSeconds: keyCacheSeconds, cooldownSeconds: 1 },
  scopes: ['stock:read'],
})

const app = express()
app.disable('x-powered-by')
app.use(resourceServer.router())
app.get('/warehouse', resourceServer.requireBearer({ scope: 'stock:read' }), (req, res) => {
  res.json({ shelves: { mug: 'A1', teapot: 'B2' }, askedBy: req.auth.clientId })
})
app.use((_req, res) => void res.status(404).json({ error: 'not_found' }))

const server = createServer(app).listen(port, host, () => process.send?.('listening'))
// The shop that started it lets go of it, or is gone.
process.once('disconnect', stop)
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
server.once('error', ({ message }) => {
  console.error(`The stock service: ${message}`)
  process.exit(1)
})

function stop(): void {
  server.close()
  if (process.connected) process.disconnect()
}
