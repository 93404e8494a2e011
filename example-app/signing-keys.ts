import { ConfigurationError, storedSigningKeys, type KeyStore, type StoredSigningKeys } from 'latchkey'
import { CannotStartError } from './cannot-start-error.js'
import { keyPublishSeconds, keyRefreshSeconds } from './key-timing.js'

/**
 * The shop's signing keys: in its database, encrypted with a passphrase that is not there. There is an active one afterwards.
 * Throws `CannotStartError` for a passphrase that does not open them.
 */
export async function openSigningKeys(store: KeyStore, passphrase: string): Promise<StoredSigningKeys> {
  const keys = storedSigningKeys({
    store,
    passphrase,
    refreshSeconds: keyRefreshSeconds,
    publishSeconds: keyPublishSeconds,
  })
  try {
    await keys.ensureActive('ES256')
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const message =
      'The database was filled with another demo-secrets.json: use that one, or begin with an empty database'
    throw new CannotStartError(message, { cause: error })
  }
  return keys
}
