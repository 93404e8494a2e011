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
/** The newest exchange of each step: so the token requests, which are rare, stay on the page. */
const latest = new Map<string, Exchange>()

integrationsPage.get('/integrations', async (req, res) => {
  const { stock } = (await callShop(req, 'Gets the stock', '/stock')).body as { stock: StockItem[] }
  const [action, state] = service?.connected ? ['Stop', 'running'] : ['Start', 'stopped']
  const button = markup`<button>${action} stock-sync</button>`
  const newestFirst = [...latest.values()].reverse()
  const isForToken = ({ line }: Exchange): boolean => line === 'POST /oauth/token'
  const main = markup`<p>The service stock-sync acts as itself: there is no user, no password and no refresh token. Every two
seconds it reports how many mugs there are, and requests the orders of users, which it is refused.</p>
${form(req, '/integrations', button)}
<div data-live="service"><p>stock-sync is <b>${state}</b>. In stock:
${stock.map(({ sku, quantity }, index) => markup`${index > 0 && ', '}${sku} <b id="stock-${sku}">${quantity}</b>`)}.</p>
${
  latest.size > 0 &&
  markup`<h2>How it got its tokens</h2>${exchangeList(newestFirst.filter(isForToken))}
<h2>What it does with them</h2>${exchangeList(newestFirst.filter((exchange) => !isForToken(exchange)))}`
}</div>
<noscript><p><a href="/integrations">Show what is new</a></p></noscript>`
  sendPage(req, res, 'Integrations', main)
})

integrationsPage.post('/integrations', async (req, res) => {
  // Only users who are signed in may do this.
  await callShop(req, 'Gets the stock', '/stock')
  if (service?.connected) service.disconnect()
  else {
    latest.clear()
    service = fork(fileURLToPath(new URL('../stock-sync.js', import.meta.url)))
    service.on('message', (exchange: Exchange) => {
      latest.delete(exchange.step)
      latest.set(exchange.step, exchange)
    })
  }
  res.redirect(303, '/integrations')
})
