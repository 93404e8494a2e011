import express, { type Router } from 'express'
import type { StockItem } from '../shop-data.js'
import { markup } from './markup.js'
import { form, sendPage } from './page.js'
import { callShop } from './shop-client.js'

/** The user's orders, and a form for a new one. */
export const ordersPage: Router = express.Router()

ordersPage.get('/orders', async (req, res) => {
  const { body } = await callShop(req, 'Gets the orders', '/orders')
  const { orders } = body as { orders: (StockItem & { orderId: number })[] }
  const { stock } = (await callShop(req, 'Gets the stock', '/stock')).body as { stock: StockItem[] }
  const rows = orders.map(({ orderId, sku, quantity }) => markup`<tr><td>${orderId}<td>${sku}<td>${quantity}`)
  const articles = stock.map(({ sku, quantity }) => markup`<option value="${sku}">${sku} (${quantity} in stock)`)
  const fields = markup`<label for="sku">Article</label><select id="sku" name="sku">${articles}</select>
<label for="quantity">Quantity</label><input id="quantity" name="quantity" type="number" min="1" value="1" required>
<button>Order</button>`
  const main = markup`<table aria-label="What you have ordered">
<thead><tr><th scope="col">Order<th scope="col">Article<th scope="col">Quantity</thead><tbody>${rows}</tbody></table>
<h2>Order something</h2>${form(req, '/orders', fields)}`
  sendPage(req, res, 'Orders', main)
})

/** The notice for each status of the shop. */
const outcomes: Readonly<Record<number, string>> = { 201: 'ordered', 409: 'not-ordered' }

ordersPage.post('/orders', async (req, res) => {
  const { sku, quantity } = req.body as Record<string, string>
  const body = { sku, quantity: Number(quantity) }
  const { status } = await callShop(req, 'Places an order', '/orders', { method: 'POST', body })
  res.redirect(303, `/orders?notice=${outcomes[status] ?? 'no-order'}`)
})
