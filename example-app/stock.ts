import express, { type Router } from 'express'
import type { AuthorizationServer } from 'latchkey'
import { isCount, isRecord, isSku } from './json-body.js'
import type { ShopData } from './shop-data.js'

/** `GET /stock` for users and services, `PUT /stock/:sku` for services. */
export function stockRouter(oauth: AuthorizationServer, data: ShopData): Router {
  const router = express.Router()

  router.get('/', oauth.requireBearer({ scope: 'stock:read' }), async (_req, res) => {
    res.json({ stock: await data.listStock() })
  })

  router.put(
    '/:sku',
    oauth.requireBearer({ scope: 'stock:write', for: 'client' }),
    express.json(),
    async (req, res) => {
      const { sku } = req.params
      const quantity: unknown = isRecord(req.body) ? req.body['quantity'] : undefined
      if (!isSku(sku) || !isCount(quantity)) {
        res.status(400).json({ error: 'invalid_stock', message: 'Send {"quantity": 40}' })
        return
      }
      await data.setStock({ sku, quantity })
      res.json({ sku, quantity, reportedBy: req.auth.clientId })
    },
  )

  return router
}
