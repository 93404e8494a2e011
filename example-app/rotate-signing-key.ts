// Replaces the signing key of the running shop. No request fails meanwhile, in any of its processes: a test counts them.
import { setTimeout as sleep } from 'node:timers/promises'
import { needDemoSecrets } from './demo-files.js'
import { keyTiming } from './settings.js'
import { openSigningKeys, openStorage } from './storage.js'

const { signingKeyPassphrase } = needDemoSecrets()
const storage = await openStorage()
try {
  const keys = await openSigningKeys(storage.keys, signingKeyPassphrase)
  console.log(`Published the next key, ${await keys.prepareNext()}. It signs as soon as all have fetched it.`)
  await sleep(keyTiming.publishSeconds * 1000)
  console.log(`Signing with ${await keys.activateNext()} now. Tokens of the key before it stay valid.`)
} finally {
  await storage.close()
}
