import {
  fingerprintOfKeys,
  type KeyInState,
  type KeyStore,
  type SigningKeyState,
  type StoredSigningKey,
} from '../key-store.js'
import { textOf, type SqlNumber, type SqlText } from './authorization-row.js'
import { statement, type SqlConnection, type SqlSession, type SqlStatement } from './sql-connection.js'

/** A row of `latchkey_signing_key`. */
export interface SigningKeyRow {
  readonly key_id: SqlText
  readonly algorithm: SqlText
  readonly state: SqlText
  readonly encrypted_private_key: SqlText
  readonly since: SqlNumber
}

export const listSigningKeys: SqlStatement = statement(
  'list_signing_keys',
  'SELECT key_id, algorithm, state, encrypted_private_key, since FROM latchkey_signing_key',
)
export const deleteSigningKeys: SqlStatement = statement('delete_signing_keys', 'DELETE FROM latchkey_signing_key')
/** Values: those of {@link signingKeyValues}. */
export const insertSigningKey: SqlStatement = statement(
  'insert_signing_key',
  `INSERT INTO latchkey_signing_key (key_id, algorithm, state, encrypted_private_key, since) VALUES (?, ?, ?, ?, ?)`,
)

/** A row that always exists. Replacing keys locks it, even while there are no keys to lock. */
const lockSigningKeys = statement(
  'lock_signing_keys',
  'SELECT version FROM latchkey_migration WHERE version = 1 FOR UPDATE',
)

/** Stores signing keys in a database with an asynchronous driver, private keys encrypted. */
export class SqlKeyStore implements KeyStore {
  readonly #connection: SqlConnection

  constructor(connection: SqlConnection) {
    this.#connection = connection
  }

  async listSigningKeys(): Promise<readonly StoredSigningKey[]> {
    return listOf(this.#connection)
  }

  async replaceSigningKeys(expected: readonly KeyInState[], keys: readonly StoredSigningKey[]): Promise<boolean> {
    return this.#connection.atomically(async (session) => {
      await session.rows(lockSigningKeys, [])
      if (fingerprintOfKeys(expected) !== fingerprintOfKeys(await listOf(session))) return false
      await session.change(deleteSigningKeys, [])
      for (const key of keys) await session.change(insertSigningKey, signingKeyValues(key))
      return true
    })
  }
}

/** The row of a key. */
export function signingKeyValues(key: StoredSigningKey): readonly (string | number)[] {
  return [key.keyId, key.algorithm, key.state, key.encryptedPrivateKey, key.since]
}

/** Makes a key from its row. */
export function toSigningKey(row: SigningKeyRow): StoredSigningKey {
  return {
    keyId: textOf(row.key_id),
    algorithm: textOf(row.algorithm),
    state: textOf(row.state) as SigningKeyState,
    encryptedPrivateKey: textOf(row.encrypted_private_key),
    since: Number(row.since),
  }
}

async function listOf(session: SqlSession): Promise<readonly StoredSigningKey[]> {
  return (await session.rows<SigningKeyRow>(listSigningKeys, [])).map(toSigningKey)
}
