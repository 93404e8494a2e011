import express, { type Router } from 'express'
import type { AuthorizationServer } from 'latchkey'
import type { ShopDatabase } from './database.js'
import { isCount, isRecord } from './json-body.js'

/** `GET /stock` for users and services, `PUT /stock/:sku` for services. */
export function stockRouter(oauth: AuthorizationServer, database: ShopDatabase): Router {
  const all = database.prepare('SELECT sku, quantity FROM stock ORDER BY sku')
  const save = database.prepare(`
    INSERT INTO stock (sku, quantity) VALUES (?, ?) ON CONFLICT (sku) DO UPDATE SET quantity = excluded.quantity
  `)
  const router = express.Router()

  router.get('/', oauth.requireBearer({ scope: 'stock:read' }), (_req, res) => {
    res.json({ stock: all.all() })
  })

  router.put('/:sku', oauth.requireBearer({ scope: 'stock:write', for: 'client' }), express.json(), (req, res) => {
    const { sku } = req.params
    const quantity: unknown = isRecord(req.body) ? req.body['quantity'] : undefined
    if (!isCount(quantity)) {
      res.status(400).json({ error: 'invalid_stock', message: 'Send {"quantity": 40}' })
      return
    }
    save.run(sku, quantity)
    res.json({ sku, quantity, reportedBy: req.auth.clientId })
  })

  return router
}
