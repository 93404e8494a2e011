import { fingerprintOfKeys, type KeyInState, type KeyStore, type StoredSigningKey } from '../key-store.js'
import {
  deleteSigningKeys,
  insertSigningKey,
  listSigningKeys,
  signingKeyValues,
  toSigningKey,
  type SigningKeyRow,
} from '../sql/sql-key-store.js'
import type { SqliteConnection } from './sqlite-connection.js'

/** Stores signing keys in SQLite, private keys encrypted. */
export class SqliteKeyStore implements KeyStore {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  listSigningKeys(): readonly StoredSigningKey[] {
    return this.#connection.rows<SigningKeyRow>(listSigningKeys).map(toSigningKey)
  }

  replaceSigningKeys(expected: readonly KeyInState[], keys: readonly StoredSigningKey[]): boolean {
    return this.#connection.atomically(() => {
      if (fingerprintOfKeys(expected) !== fingerprintOfKeys(this.listSigningKeys())) return false
      this.#connection.change(deleteSigningKeys)
      for (const key of keys) this.#connection.change(insertSigningKey, ...signingKeyValues(key))
      return true
    })
  }
}
