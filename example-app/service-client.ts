// A service that acts as itself: gets its own token, uses it until shortly before it runs out, and may do only what it is for.
import { clientCredentials, shopUrl } from './client-settings.js'
import { ServiceToken } from './service-token.js'

const say = (text: string): void => console.log(text)
const token = new ServiceToken({ endpoint: `${shopUrl}/oauth/token`, client: clientCredentials('stock-sync'), say })

await report('mug', 40)
await report('teapot', 7)
await call('GET', '/orders')

/** Reports how many of an article there are. */
async function report(sku: string, quantity: number): Promise<void> {
  await call('PUT', `/stock/${encodeURIComponent(sku)}`, { quantity })
}

async function call(method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(shopUrl + path, {
    method,
    headers: { Authorization: `Bearer ${await token.get()}`, 'Content-Type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  say(`${method} ${path}: ${answer.status} ${await answer.text()}`)
}
