import type { DemoSecrets } from './demo-files.js'
import type { Settings } from './settings.js'

/** What the shop prints once it has started. The address and the accounts come last, where a small terminal shows them. */
export function printedAccounts(settings: Settings, place: string, { users }: DemoSecrets): string {
  const { url, webUrl, stockServiceUrl } = settings
  const rows = [
    ['user name', 'password', ''],
    ['alice', users.alice, 'has two orders'],
    ['bob', users.bob, 'has one order'],
    ['carol', users.carol, 'is locked'],
  ] as const
  const table = rows.map((row) => `  ${row[0].padEnd(11)}${row[1].padEnd(14)}${row[2]}`.trimEnd())
  return `
The shop       ${url}
Stock service  ${stockServiceUrl}
Database       ${place}
With curl      npm start -- --curl
Stop           Ctrl-C

Open ${webUrl} and sign in as one of these:

${table.join('\n')}`
}

/** Commands that do the same without a browser, each with the status it responds with. */
export function printedCommands(settings: Settings, { clients, users }: DemoSecrets): string {
  const { url, stockServiceUrl, stockService } = settings
  const app = `-u 'shop-app:${clients['shop-app']}'`
  const service = `-u 'stock-sync:${clients['stock-sync']}' -d grant_type=client_credentials`
  const tokens = (parameters: string): string => `TOKENS=$(curl -s ${parameters} ${url}/oauth/token); echo "$TOKENS"`
  const field = (name: string): string => `$(node -pe 'JSON.parse(process.argv[1]).${name}' "$TOKENS")`
  const call = `curl -s -w ' %{http_code}\\n' -H "Authorization: Bearer ${field('access_token')}"`
  return `For bash or zsh, one line after the other:

# alice signs in through shop-app: 200, an access token and a refresh token
${tokens(`${app} -d grant_type=password -d username=alice -d 'password=${users.alice}'`)}
# her own orders, and no others: 200
${call} ${url}/orders
# a new pair for the refresh token, without a password: 200
${tokens(`${app} -d grant_type=refresh_token -d refresh_token=${field('refresh_token')}`)}
# the service stock-sync gets a token for itself, without user and refresh token: 200
${tokens(service)}
# it reports what has arrived: 200
${call} -X PUT -H 'Content-Type: application/json' -d '{"quantity":40}' ${url}/stock/mug
# it gets a token for the stock service, which is a JWT: 200
${tokens(`${service} -d scope=stock:read -d resource=${stockService}`)}
# the stock service, another process, verifies it with nothing but the published keys: 200
${call} ${stockServiceUrl}/warehouse
`
}
