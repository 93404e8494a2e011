import { ConfigurationError, storedSigningKeys, type KeyStore, type StoredSigningKeys } from 'latchkey'
import { CannotStartError, keyTiming } from './settings.js'

/** The shop's signing keys: in its database, encrypted with a passphrase that is not there. One is active afterwards. */
export async function openSigningKeys(store: KeyStore, passphrase: string): Promise<StoredSigningKeys> {
  const { refreshSeconds, publishSeconds } = keyTiming
  const keys = storedSigningKeys({ store, passphrase, refreshSeconds, publishSeconds })
  await keys.ensureActive('ES256').catch((error: unknown) => {
    if (!(error instanceof ConfigurationError)) throw error
    const remedy = 'use that one, or begin with an empty database'
    throw new CannotStartError(`The database was filled with another demo-secrets.json: ${remedy}`, { cause: error })
  })
  return keys
}
