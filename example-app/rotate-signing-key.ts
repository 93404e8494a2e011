// Replaces the signing key of the running shop. No request fails meanwhile, in none of its processes: a test counts them.
import { setTimeout as sleep } from 'node:timers/promises'
import { readDemoSecrets } from './demo-files.js'
import { keyTiming } from './settings.js'
import { openSigningKeys, openStorage } from './storage.js'

const secrets = readDemoSecrets()
if (secrets === undefined) throw new Error('There are no keys yet: start the shop first')
const storage = await openStorage()
try {
  const keys = await openSigningKeys(storage.keys, secrets.signingKeyPassphrase)
  console.log(`Published the next key, ${await keys.prepareNext()}. It signs when all have fetched it.`)
  await sleep(keyTiming.publishSeconds * 1000)
  console.log(`Signing with ${await keys.activateNext()} now. Tokens of the key before it stay good.`)
} finally {
  await storage.close()
}
