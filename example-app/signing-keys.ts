import { storedSigningKeys, type KeyStore, type StoredSigningKeys } from 'latchkey'
import { keyPublishSeconds, keyRefreshSeconds } from './key-timing.js'

/** The shop's signing keys: in its database, encrypted with a passphrase that is not there. */
export function shopSigningKeys(store: KeyStore, passphrase: string): StoredSigningKeys {
  return storedSigningKeys({
    store,
    passphrase,
    refreshSeconds: keyRefreshSeconds,
    publishSeconds: keyPublishSeconds,
  })
}
