// Replaces the signing key of the running shop while requests go on, and counts how many of them fail.
import { setTimeout as sleep } from 'node:timers/promises'
import { clientCredentials, shopUrl, stockServiceUrl } from './client-settings.js'
import { readDemoSecrets } from './demo-files.js'
import { keyCacheSeconds, keyPublishSeconds, keyRefreshSeconds } from './key-timing.js'
import { RequestLoop } from './request-loop.js'
import { openSigningKeys } from './signing-keys.js'
import { openStorage } from './storage.js'

const say = (text: string): void => console.log(text)
const requests = Number(process.argv[2] ?? 2000)
const secrets = readDemoSecrets()
if (secrets === undefined) throw new Error('There are no keys yet: start the shop first')

const storage = await openStorage()
const keys = await openSigningKeys(storage.keys, secrets.signingKeyPassphrase)
/** Before the rotation, and after it, until every process has noticed. */
const marginSeconds = keyRefreshSeconds + keyCacheSeconds
const loop = new RequestLoop({
  shop: shopUrl,
  stockService: stockServiceUrl,
  client: clientCredentials('stock-sync'),
  requests,
  seconds: keyPublishSeconds + 2 * marginSeconds,
  say,
})

try {
  await Promise.all([loop.run(), rotate()])
} finally {
  await storage.close()
}
const signed = [...loop.tokensByKey].map(([keyId, count]) => `${count} by ${keyId}`)
say(`Tokens signed: ${signed.join(', ')}.`)
// A rotation that nobody noticed would prove nothing.
if (loop.failures > 0 || loop.tokensByKey.size < 2) process.exitCode = 1
say(`${loop.requests} requests, ${loop.failures} failures`)

async function rotate(): Promise<void> {
  await sleep(marginSeconds * 1000)
  say(
    `Published the next key, ${await keys.prepareNext()}. It signs in ${keyPublishSeconds} seconds, when all know it.`,
  )
  await sleep(keyPublishSeconds * 1000)
  say(`Signing with ${await keys.activateNext()} now. The key before it is retired: its tokens stay good.`)
}
