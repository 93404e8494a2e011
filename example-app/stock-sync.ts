// A service that acts as itself: gets its own token, uses it until shortly before it expires, and may do only what it is for.
import { setTimeout as sleep } from 'node:timers/promises'
import { CannotStartError } from './cannot-start.js'
import { needDemoSecrets } from './demo-files.js'
import { basic, send, type ClientRequest, type Exchange } from './http-exchange.js'
import { readSettings } from './settings.js'

/** How long before its end a token is no longer used: a request takes time, and clocks differ. */
const marginSeconds = 5
const { url, stockService, stockServiceUrl } = readSettings()
const authorization = basic('stock-sync', needDemoSecrets().clients['stock-sync'])
/** The web app starts this, and watches it until it stops it. A person sees one round on the terminal. */
const isWatched = process.send !== undefined
const note = (exchange: Exchange): unknown =>
  isWatched ? process.send?.(exchange) : console.log(`${exchange.step}: ${exchange.line} ${exchange.status}`)
const kept = new Map<string, { token: string; usableUntil: number }>()
process.once('disconnect', () => process.exit())

for (let mugs = 40; mugs === 40 || isWatched; mugs += 1) {
  await round(mugs).catch((error: unknown) => {
    const message = `stock-sync: ${(error as Error).message}. Is the shop running? Start it with npm start`
    if (!isWatched) throw new CannotStartError(message, { cause: error })
    // While the shop is away there is nothing to do but to wait.
    console.error(message)
  })
  if (isWatched) await sleep(2000)
}

async function round(quantity: number): Promise<void> {
  const report = { method: 'PUT', body: { quantity } }
  await call({ step: 'Reports what has arrived (RFC 6750 §2.1)', url: `${url}/stock/mug`, ...report })
  const refused = 'Asks for the orders of users, and is refused (RFC 6750 §3.1)'
  await call({ step: 'Gets the orders of users', refused, url: `${url}/orders` })
  await call({ step: 'Shows a JWT to another API (RFC 9068 §4)', url: `${stockServiceUrl}/warehouse` }, stockService)
}

/** Calls an API with a token for it; without `resource` that is the shop itself. */
async function call(request: ClientRequest, resource = ''): Promise<void> {
  await send({ ...request, headers: { Authorization: `Bearer ${await tokenFor(resource)}` } }, note)
}

/** Returns the token at hand while it is valid, else a new one (RFC 6749 §4.4). There is no user and no refresh token. */
async function tokenFor(resource: string): Promise<string> {
  const atHand = kept.get(resource)
  if (atHand && Date.now() < atHand.usableUntil) return atHand.token
  const step = `Gets a token as itself (RFC 6749 §4.4.2${resource && ', RFC 8707 §2'})`
  const form = { grant_type: 'client_credentials', ...(resource && { scope: 'stock:read', resource }) }
  const request = { step, method: 'POST', url: `${url}/oauth/token`, headers: { Authorization: authorization } }
  const { status, body } = await send({ ...request, body: new URLSearchParams(form) }, note)
  if (status !== 200) throw new Error(`No token: ${JSON.stringify(body)}`)
  const { access_token: token, expires_in } = body as { access_token: string; expires_in: number }
  kept.set(resource, { token, usableUntil: Date.now() + (expires_in - marginSeconds) * 1000 })
  return token
}
