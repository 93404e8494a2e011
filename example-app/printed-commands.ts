import type { DemoSecrets } from './demo-files.js'
import type { Settings } from './settings.js'

/** What the shop says when it has started: the address to open, then commands to paste, each with the status it answers. */
export function printedCommands(settings: Settings, place: string, { clients, users }: DemoSecrets): string {
  const { url, webUrl, stockServiceUrl, stockService } = settings
  const app = `-u 'shop-app:${clients['shop-app']}'`
  const service = `-u 'stock-sync:${clients['stock-sync']}' -d grant_type=client_credentials`
  const tokens = (parameters: string): string => `TOKENS=$(curl -s ${parameters} ${url}/oauth/token); echo "$TOKENS"`
  const field = (name: string): string => `$(node -pe 'JSON.parse(process.argv[1]).${name}' "$TOKENS")`
  const call = `curl -s -w ' %{http_code}\\n' -H "Authorization: Bearer ${field('access_token')}"`
  return `Open ${webUrl} and sign in:
alice, password ${users.alice} - bob, password ${users.bob} - carol, password ${users.carol}, whose account is locked.

The shop listens at ${url}, its stock service at ${stockServiceUrl}. Its data: ${place}.
The same without a browser, for bash or zsh, one line after the other:

# alice signs in through shop-app: 200, an access token and a refresh token
${tokens(`${app} -d grant_type=password -d username=alice -d 'password=${users.alice}'`)}
# her orders and nobody elses: 200
${call} ${url}/orders
# a new pair for the refresh token and no password: 200
${tokens(`${app} -d grant_type=refresh_token -d refresh_token=${field('refresh_token')}`)}
# the service stock-sync gets a token for itself, no user and no refresh token: 200
${tokens(service)}
# it reports what has arrived: 200
${call} --json '{"quantity":40}' -X PUT ${url}/stock/mug
# it gets a token for the stock service, which is a JWT: 200
${tokens(`${service} -d scope=stock:read -d resource=${stockService}`)}
# the stock service, another process, verifies it by the published keys alone: 200
${call} ${stockServiceUrl}/warehouse

Ctrl-C ends the shop.`
}
