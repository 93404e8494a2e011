import { areSameSigningKeys } from '../are-same-signing-keys.js'
import type { KeyStore, StoredSigningKey } from '../key-store.js'
import {
  deleteSigningKeys,
  insertSigningKey,
  listSigningKeys,
  signingKeyValues,
  toSigningKey,
  type SigningKeyRow,
} from '../sql/sql-key-store.js'
import type { SqliteConnection, Statement } from './sqlite-connection.js'

/** Signing keys in SQLite, private keys encrypted. */
export class SqliteKeyStore implements KeyStore {
  readonly #connection: SqliteConnection
  readonly #list: Statement<SigningKeyRow>
  readonly #deleteAll: Statement<never>
  readonly #insert: Statement<never>

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#list = connection.prepare(listSigningKeys.text)
    this.#deleteAll = connection.prepare(deleteSigningKeys.text)
    this.#insert = connection.prepare(insertSigningKey.text)
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
      for (const key of keys) this.#insert.run(...signingKeyValues(key))
      return true
    })
  }
}
