import express, { type Express } from 'express'
import type { AuthorizationServer } from 'latchkey'
import type { ShopData, StockItem } from './shop-data.js'

/** The shop's API: orders and devices for users, each of whom has only their own; stock for users and services. */
export function addApi(app: Express, oauth: AuthorizationServer, data: ShopData): void {
  // `for: 'user'` refuses tokens of services, and tells TypeScript that there is a userId.
  app.get('/orders', oauth.requireBearer({ scope: 'orders:read', for: 'user' }), (req, res) => {
    const ofUser = 'SELECT order_id AS "orderId", sku, quantity FROM orders WHERE user_id = ? ORDER BY 1'
    res.json({ orders: data.all(ofUser, req.auth.userId) })
  })

  // The guard comes before the parser: the body of an unauthorized request is not even read.
  const mayOrder = oauth.requireBearer({ scope: 'orders:write', for: 'user' })
  app.post('/orders', mayOrder, express.json(), (req, res) => {
    const order = parseItem(req.body)
    if (!order?.quantity)
      return void res.status(400).json({ error: 'invalid_order', expected: { sku: 'mug', quantity: 2 } })
    const orderId = data.placeOrder(req.auth.userId, order)
    if (orderId === undefined) res.status(409).json({ error: 'out_of_stock' })
    else res.status(201).json({ orderId, ...order })
  })

  app.get('/stock', oauth.requireBearer({ scope: 'stock:read' }), (_req, res) => {
    res.json({ stock: data.all('SELECT sku, quantity FROM stock ORDER BY sku') })
  })

  const mayReport = oauth.requireBearer({ scope: 'stock:write', for: 'client' })
  app.put('/stock/:sku', mayReport, express.json(), (req, res) => {
    const item = parseItem(req.body, req.params)
    if (!item) return void res.status(400).json({ error: 'invalid_stock', expected: { quantity: 40 } })
    const save = 'INSERT INTO stock VALUES (?, ?) ON CONFLICT (sku) DO UPDATE SET quantity = excluded.quantity'
    data.run(save, item.sku, item.quantity)
    res.json({ ...item, reportedBy: req.auth.clientId })
  })

  const user = oauth.requireBearer({ for: 'user' })
  app.get('/devices', user, async (req, res) => {
    const devices = await oauth.authorizations.list({ userId: req.auth.userId })
    res.json({ devices, thisOne: req.auth.authorizationId })
  })

  app.delete('/devices', user, async (req, res) => {
    const { userId, authorizationId } = req.auth
    res.json({ ended: await oauth.authorizations.revoke({ userId, exceptAuthorizationId: authorizationId }) })
  })

  app.delete('/devices/:id', user, async (req, res) => {
    const own = await oauth.authorizations.list({ userId: req.auth.userId })
    const device = own.find(({ authorizationId }) => authorizationId === req.params.id)
    // Another user's sign-in gets the same response as one that does not exist.
    if (device === undefined) return void res.status(404).json({ error: 'not_found' })
    res.json({ ended: await oauth.authorizations.revoke({ authorizationId: device.authorizationId }) })
  })
}

/** Returns what a JSON body orders or reports, with the `sku` of the path if it is not in the body; `undefined` for invalid input. */
function parseItem(body: unknown, at: { readonly sku?: unknown } = {}): StockItem | undefined {
  const { sku, quantity }: { sku?: unknown; quantity?: unknown } = { ...(body as object | undefined), ...at }
  if (typeof sku !== 'string' || !/^[\w-]{1,64}$/.test(sku)) return undefined
  if (typeof quantity !== 'number' || !Number.isInteger(quantity)) return undefined
  return quantity >= 0 && quantity <= 1_000_000 ? { sku, quantity } : undefined
}
