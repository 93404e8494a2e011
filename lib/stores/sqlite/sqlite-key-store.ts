import { areSameSigningKeys } from '../are-same-signing-keys.js'
import type { KeyStore, SigningKeyState, StoredSigningKey } from '../key-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

interface SigningKeyRow {
  readonly key_id: string
  readonly algorithm: string
  readonly state: SigningKeyState
  readonly encrypted_private_key: string
  readonly since: number
}

/** Signing keys in SQLite, private keys encrypted. */
export class SqliteKeyStore implements KeyStore {
  readonly #connection: SqliteConnection
  readonly #list: Statement<SigningKeyRow>
  readonly #deleteAll: Statement<never>
  readonly #insert: Statement<never>

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#list = connection.prepare(
      'SELECT key_id, algorithm, state, encrypted_private_key, since FROM latchkey_signing_key',
    )
    this.#deleteAll = connection.prepare('DELETE FROM latchkey_signing_key')
    this.#insert = connection.prepare(`
      INSERT INTO latchkey_signing_key (key_id, algorithm, state, encrypted_private_key, since) VALUES (?, ?, ?, ?, ?)
    `)
  }

  listSigningKeys(): readonly StoredSigningKey[] {
    return this.#list.all().map(toSigningKey)
  }

  replaceSigningKeys(
    expected: readonly Pick<StoredSigningKey, 'keyId' | 'state'>[],
    keys: readonly StoredSigningKey[],
  ): boolean {
    return this.#connection.atomically(() => {
      if (!areSameSigningKeys(expected, this.listSigningKeys())) return false
      this.#deleteAll.run()
      for (const { keyId, algorithm, state, encryptedPrivateKey, since } of keys) {
        this.#insert.run(keyId, algorithm, state, encryptedPrivateKey, since)
      }
      return true
    })
  }
}

function toSigningKey(row: SigningKeyRow): StoredSigningKey {
  const { key_id: keyId, algorithm, state, encrypted_private_key: encryptedPrivateKey, since } = row
  return { keyId, algorithm, state, encryptedPrivateKey, since }
}
