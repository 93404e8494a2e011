// Another API, in a process of its own. It has no database and no secret, only the keys that the shop publishes.
import express from 'express'
import { createResourceServer } from 'latchkey/resource-server'
import { listenAsChild } from './processes.js'
import { keyTiming, readSettings } from './settings.js'

const { issuer, stockService, host, stockPort } = readSettings()
const resourceServer = createResourceServer({
  issuer,
  audience: stockService,
  jwks: { cacheSeconds: keyTiming.cacheSeconds, cooldownSeconds: 1 },
  scopes: ['stock:read'],
})

const app = express()
app.disable('x-powered-by')
app.use(resourceServer.router())
app.get('/warehouse', resourceServer.requireBearer({ scope: 'stock:read' }), (req, res) => {
  res.json({ shelves: { mug: 'A1', teapot: 'B2' }, askedBy: req.auth.clientId })
})
await listenAsChild(app, host, stockPort, 'STOCK_PORT')
