import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CannotStartError } from './cannot-start.js'

/** The database file. `SHOP_DB` changes it; `demo-secrets.json` stands beside it. */
export const databaseFile = process.env['SHOP_DB'] ?? fileURLToPath(new URL('../data/shop.db', import.meta.url))

/** Where `makeDemoSecrets` writes. */
export const secretsFile = join(dirname(databaseFile), 'demo-secrets.json')
const random = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** What only their owners would know of a real shop; the database holds digests and hashes of it. */
export type DemoSecrets = ReturnType<typeof makeUpSecrets>

const makeUpSecrets = () => ({
  note: 'For this demo only. A real shop shows a client secret once and stores no password.',
  clients: { 'shop-app': random(32), 'stock-sync': random(32) },
  users: { alice: random(9), bob: random(9), carol: random(9) },
  // Decrypts the signing keys in the database, and the session cookies of the web app. A real shop has them from its secret manager.
  signingKeyPassphrase: random(32),
  cookiePassword: random(32),
})

/** Returns the secrets that the first start made up; `undefined` before it. Throws `CannotStartError` for a damaged file. */
export function readDemoSecrets(): DemoSecrets | undefined {
  if (!existsSync(secretsFile)) return undefined
  try {
    return JSON.parse(readFileSync(secretsFile, 'utf8')) as DemoSecrets
  } catch (cause) {
    const remedy = `restore it, or begin again: delete ${databaseFile} and this file`
    throw new CannotStartError(`${secretsFile} cannot be read, or is not complete: ${remedy}`, { cause })
  }
}

/** Returns the secrets. Throws `CannotStartError` before the first start of the shop, which makes them up. */
export function needDemoSecrets(): DemoSecrets {
  const secrets = readDemoSecrets()
  if (secrets === undefined) throw new CannotStartError(`There is no ${secretsFile} yet: start the shop first`)
  return secrets
}

/** Makes up the secrets, readable by their owner only. If another process was quicker, returns that one's secrets. */
export function makeDemoSecrets(): DemoSecrets {
  mkdirSync(dirname(secretsFile), { recursive: true })
  // Written first and named then: no other process reads half a file, and only one can give the name.
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
