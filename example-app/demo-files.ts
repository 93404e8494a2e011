import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The database file. `SHOP_DB` changes it; `demo-secrets.json` stands beside it. */
export const databaseFile = process.env['SHOP_DB'] ?? fileURLToPath(new URL('../data/shop.db', import.meta.url))

const secretsFile = join(dirname(databaseFile), 'demo-secrets.json')
const random = (octets: number): string => randomBytes(octets).toString('base64url')

/** What nobody but its owner would know of a real shop; the database holds digests and hashes of it. */
export type DemoSecrets = ReturnType<typeof makeUpSecrets>

const makeUpSecrets = () => ({
  note: 'For this demo only. A real shop shows a client secret once and keeps no password anywhere.',
  clients: { 'shop-app': random(32), 'stock-sync': random(32) },
  users: { alice: random(9), bob: random(9), carol: random(9) },
  // Opens the signing keys in the database, and the session cookies of the web app. A real shop has them from its secret manager.
  signingKeyPassphrase: random(32),
  cookiePassword: random(32),
})

/** The secrets that the first start made up; `undefined` before it. */
export function readDemoSecrets(): DemoSecrets | undefined {
  return existsSync(secretsFile) ? (JSON.parse(readFileSync(secretsFile, 'utf8')) as DemoSecrets) : undefined
}

/** Makes up the secrets, for their owner only. Where another process has been quicker, its secrets are answered. */
export function makeDemoSecrets(): DemoSecrets {
  mkdirSync(dirname(secretsFile), { recursive: true })
  // Written first and named then: nobody reads half a file, and one process alone can give the name.
  const draft = `${secretsFile}.${randomUUID()}`
  const secrets = makeUpSecrets()
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  try {
    linkSync(draft, secretsFile)
  } catch (error) {
    if (!existsSync(secretsFile)) throw error
  }
  rmSync(draft)
  return readDemoSecrets() ?? secrets
}
