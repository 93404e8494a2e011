import { randomBytes, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The database file. `SHOP_DB` changes it; everything else that is written stands beside it. */
export const databaseFile = process.env['SHOP_DB'] ?? fileURLToPath(new URL('../data/shop.db', import.meta.url))

/** Where the first-party client keeps its tokens. */
export const tokensFile = join(dirname(databaseFile), 'first-party-tokens.json')

const secretsFile = join(dirname(databaseFile), 'demo-secrets.json')

/** What nobody but its owner would know of a real shop; the database holds digests and hashes of it. */
export interface DemoSecrets {
  readonly clients: Readonly<Record<'shop-app' | 'stock-sync', string>>
  readonly users: Readonly<Record<'alice' | 'bob', string>>
  /** Opens the signing keys in the database. A real shop has it from its secret manager. */
  readonly signingKeyPassphrase: string
}

/** The secrets that the first start made up; `undefined` before it. */
export function readDemoSecrets(): DemoSecrets | undefined {
  try {
    return JSON.parse(readFileSync(secretsFile, 'utf8')) as DemoSecrets
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Makes up the secrets, and keeps them in a file that only its owner can read, so that the printed commands work after a restart
 * too. Where another process has been quicker, its secrets are the ones, and are answered.
 */
export function makeDemoSecrets(): DemoSecrets {
  const secrets: DemoSecrets = {
    clients: { 'shop-app': random(32), 'stock-sync': random(32) },
    users: { alice: random(9), bob: random(9) },
    signingKeyPassphrase: random(32),
  }
  const note = 'For this demo only. A real shop shows a client secret once and keeps no password anywhere.'
  mkdirSync(dirname(secretsFile), { recursive: true })
  // Written first and named then: nobody reads half a file, and one process alone can give the name.
  const draft = `${secretsFile}.${randomUUID()}`
  writeFileSync(draft, `${JSON.stringify({ note, ...secrets }, null, 2)}\n`, { mode: 0o600 })
  try {
    linkSync(draft, secretsFile)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return readDemoSecrets() ?? secrets
}

function random(octets: number): string {
  return randomBytes(octets).toString('base64url')
}
