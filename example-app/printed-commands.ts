import type { DemoSecrets } from './demo-files.js'
import type { ShopSettings } from './settings.js'

/**
 * What the shop says when it has started: commands to paste one after the other, with the real secrets in them. The lines
 * that begin with `#` have no quotes and no brackets, which some shells would read even there.
 */
export function printedCommands(
  { url: shop, stockServiceUrl, stockService }: ShopSettings,
  place: string,
  { clients, users }: DemoSecrets,
): string {
  const token = `${shop}/oauth/token`
  const app = `-u 'shop-app:${clients['shop-app']}'`
  const service = `-u 'stock-sync:${clients['stock-sync']}'`
  const json = `-H 'Content-Type: application/json'`
  const status = `-w ' %{http_code}\\n'`
  return `
The shop listens at ${shop}, its stock service at ${stockServiceUrl}. Its users: alice, password ${users.alice} - bob, password ${users.bob}.
Its data: ${place}.
Paste these lines into bash or zsh, one after the other.

# alice signs in through shop-app: 200, an access token for an hour and a refresh token
TOKENS=$(curl -s ${app} -d grant_type=password -d username=alice --data-urlencode 'password=${users.alice}' ${token}); echo "$TOKENS"

# her orders and nobody elses: 200, numbers 1 and 2
ACCESS=$(${field('access_token')}); curl -s ${status} -H "Authorization: Bearer $ACCESS" ${shop}/orders

# a new order: 201
curl -s ${status} -H "Authorization: Bearer $ACCESS" ${json} -d '{"sku":"mug","quantity":1}' ${shop}/orders

# the same app an hour later: 200, a new pair for the refresh token and no password
TOKENS=$(curl -s ${app} -d grant_type=refresh_token -d refresh_token=$(${field('refresh_token')}) ${token}); echo "$TOKENS"

# the orders with the new access token: 200, the new order among them
ACCESS=$(${field('access_token')}); curl -s ${status} -H "Authorization: Bearer $ACCESS" ${shop}/orders

# the service stock-sync gets a token for itself: 200, no user and no refresh token
TOKENS=$(curl -s ${service} -d grant_type=client_credentials ${token}); echo "$TOKENS"

# it reports what has arrived: 200
SERVICE=$(${field('access_token')}); curl -s ${status} -X PUT -H "Authorization: Bearer $SERVICE" ${json} -d '{"quantity":40}' ${shop}/stock/mug

# it asks for the orders with that token: 403 insufficient_scope
curl -s ${status} -H "Authorization: Bearer $SERVICE" ${shop}/orders

# it asks for a token that may: 400 invalid_scope
curl -s ${status} ${service} -d grant_type=client_credentials -d scope=orders:read ${token}

# it asks for a token for the stock service, another process: 200, a JWT
TOKENS=$(curl -s ${service} -d grant_type=client_credentials -d scope=stock:read -d resource=${stockService} ${token}); echo "$TOKENS"

# the stock service verifies it by the published keys alone: 200
STOCK=$(${field('access_token')}); curl -s ${status} -H "Authorization: Bearer $STOCK" ${stockServiceUrl}/warehouse

# the token for the shop is none there: 401 invalid_token
curl -s ${status} -H "Authorization: Bearer $SERVICE" ${stockServiceUrl}/warehouse

Ctrl-C ends the shop. Three programs that call it: example-app/README.md.`
}

/** Takes a field out of the answer in $TOKENS. */
function field(name: string): string {
  return `node -pe 'JSON.parse(process.argv[1]).${name}' "$TOKENS"`
}
