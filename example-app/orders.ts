import express, { type Router } from 'express'
import type { AuthorizationServer } from 'latchkey'
import { isCount, isRecord, isSku } from './json-body.js'
import type { NewOrder, ShopData } from './shop-data.js'

/** `GET /orders` and `POST /orders`: for users, and each sees only their own. */
export function ordersRouter(oauth: AuthorizationServer, data: ShopData): Router {
  const router = express.Router()

  // `for: 'user'` refuses tokens of services, and tells TypeScript that there is a userId.
  router.get('/', oauth.requireBearer({ scope: 'orders:read', for: 'user' }), async (req, res) => {
    res.json({ orders: await data.ordersOf(req.auth.userId) })
  })

  // The guard comes before the parser: a stranger's body is not even read.
  router.post('/', oauth.requireBearer({ scope: 'orders:write', for: 'user' }), express.json(), async (req, res) => {
    const order = parseOrder(req.body)
    if (order === undefined) {
      res.status(400).json({ error: 'invalid_order', message: 'Send {"sku": "mug", "quantity": 2}' })
      return
    }
    const orderId = await data.placeOrder(req.auth.userId, order)
    if (orderId === undefined) res.status(409).json({ error: 'out_of_stock' })
    else res.status(201).json({ orderId, ...order })
  })

  return router
}

function parseOrder(body: unknown): NewOrder | undefined {
  if (!isRecord(body)) return undefined
  const { sku, quantity } = body
  return isSku(sku) && isCount(quantity) && quantity > 0 ? { sku, quantity } : undefined
}
