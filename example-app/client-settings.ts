import { readDemoSecrets, type DemoSecrets } from './demo-files.js'
import type { ClientCredentials } from './token-request.js'

/** Where the shop is. `SHOP_URL` changes it. */
export const shopUrl = process.env['SHOP_URL'] ?? 'http://127.0.0.1:3000'

/** Where the stock service is. `STOCK_URL` changes it. */
export const stockServiceUrl = process.env['STOCK_URL'] ?? 'http://127.0.0.1:3001'

/** A client's own credentials: the secret from `SHOP_CLIENT_SECRET`, or from the file that the demo shop wrote. */
export function clientCredentials(clientId: keyof DemoSecrets['clients']): ClientCredentials {
  const clientSecret = process.env['SHOP_CLIENT_SECRET'] ?? readDemoSecrets()?.clients[clientId]
  if (clientSecret === undefined) throw new Error('There is no secret: start the shop first, or set SHOP_CLIENT_SECRET')
  return { clientId, clientSecret }
}
