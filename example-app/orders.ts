import express, { type Router } from 'express'
import type { AuthorizationServer } from 'latchkey'
import type { ShopDatabase } from './database.js'
import { isCount, isRecord } from './json-body.js'

/** `GET /orders` and `POST /orders`: for users, and each sees only their own. */
export function ordersRouter(oauth: AuthorizationServer, database: ShopDatabase): Router {
  const ofUser = database.prepare('SELECT order_id AS orderId, sku, quantity FROM orders WHERE user_id = ? ORDER BY 1')
  const takeFromStock = database.prepare('UPDATE stock SET quantity = quantity - ? WHERE sku = ? AND quantity >= ?')
  const insert = database.prepare(
    'INSERT INTO orders (user_id, sku, quantity) VALUES (?, ?, ?) RETURNING order_id AS id',
  )
  const router = express.Router()

  // `for: 'user'` refuses tokens of services, and tells TypeScript that there is a userId.
  router.get('/', oauth.requireBearer({ scope: 'orders:read', for: 'user' }), (req, res) => {
    res.json({ orders: ofUser.all(req.auth.userId) })
  })

  // The guard comes before the parser: a stranger's body is not even read.
  router.post('/', oauth.requireBearer({ scope: 'orders:write', for: 'user' }), express.json(), (req, res) => {
    const order = parseOrder(req.body)
    if (order === undefined) {
      res.status(400).json({ error: 'invalid_order', message: 'Send {"sku": "mug", "quantity": 2}' })
      return
    }
    const orderId = place(req.auth.userId, order)
    if (orderId === undefined) res.status(409).json({ error: 'out_of_stock' })
    else res.status(201).json({ orderId, ...order })
  })

  function place(userId: string, { sku, quantity }: NewOrder): number | undefined {
    database.exec('BEGIN IMMEDIATE')
    try {
      const enough = Number(takeFromStock.run(quantity, sku, quantity).changes) === 1
      const row = enough ? (insert.get(userId, sku, quantity) as { id: number }) : undefined
      database.exec('COMMIT')
      return row?.id
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }

  return router
}

interface NewOrder {
  readonly sku: string
  readonly quantity: number
}

function parseOrder(body: unknown): NewOrder | undefined {
  if (!isRecord(body)) return undefined
  const { sku, quantity } = body
  return typeof sku === 'string' && isCount(quantity) && quantity > 0 ? { sku, quantity } : undefined
}
