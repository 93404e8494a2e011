import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import express, { type Router } from 'express'
import type { Exchange } from '../http-exchange.js'
import type { StockItem } from '../shop-data.js'
import { exchangeList } from './exchanges.js'
import { markup } from './markup.js'
import { form, sendPage } from './page.js'
import { callShop } from './shop-client.js'

/** The service `stock-sync` at work, in a process of its own: started, watched and stopped here. */
export const integrationsPage: Router = express.Router()

let service: ChildProcess | undefined
let exchanges: readonly Exchange[] = []

integrationsPage.get('/integrations', async (req, res) => {
  const { stock } = (await callShop(req, '/stock')).body as { stock: StockItem[] }
  const [action, state] = service?.connected ? ['Stop', 'running'] : ['Start', 'stopped']
  const button = markup`<button>${action} stock-sync</button>`
  const main = markup`<p>The service stock-sync acts as itself: there is no user, no password and no refresh token. Every two
seconds it reports how many mugs there are, and asks for the orders of users, which it is refused.</p>
${form(req, '/integrations', button)}
<div data-live="service"><p>It is <b>${state}</b>. In stock:
${stock.map(({ sku, quantity }) => markup` ${sku} <b id="stock-${sku}">${quantity}</b>`)}</p>
${exchanges.length > 0 && markup`<h2>What it did, the newest first</h2>${exchangeList(exchanges)}`}</div>
<noscript><p><a href="/integrations">Show what is new</a></p></noscript>`
  sendPage(req, res, 'Integrations', main)
})

integrationsPage.post('/integrations', async (req, res) => {
  // Whoever is not signed in may not do this.
  await callShop(req, '/stock')
  if (service?.connected) service.disconnect()
  else {
    service = fork(fileURLToPath(new URL('../stock-sync.js', import.meta.url)))
    service.on('message', (exchange: Exchange) => (exchanges = [exchange, ...exchanges].slice(0, 8)))
  }
  res.redirect(303, '/integrations')
})
