// Signing keys, for `storedSigningKeys`. Private keys come encrypted with a passphrase that the database never sees.
import type { KeyStore, SigningKeyState, StoredSigningKey } from 'latchkey'
import type { Pool } from 'pg'
import { inTransaction, query } from './my-database.js'

type ExpectedKey = Pick<StoredSigningKey, 'keyId' | 'state'>

export class MyKeyStore implements KeyStore {
  constructor(private readonly pool: Pool) {}

  /** Rule: all keys as they were stored. A private key is a text of several lines. */
  async listSigningKeys(): Promise<readonly StoredSigningKey[]> {
    const { rows } = await query<KeyRow>(this.pool, 'SELECT * FROM signing_key')
    return rows.map((row) => ({
      keyId: row.key_id,
      algorithm: row.algorithm,
      state: row.state,
      encryptedPrivateKey: row.encrypted_private_key,
      since: Number(row.since),
    }))
  }

  /**
   * Rule: compare and set. Of several processes that rotate at once one wins, and the others are answered `false`.
   * The whole table is locked: while it is empty there is no row to lock. Readers do not wait for this lock.
   */
  async replaceSigningKeys(expected: readonly ExpectedKey[], keys: readonly StoredSigningKey[]): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      await client.query('LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE')
      const { rows } = await client.query<KeyRow>('SELECT key_id, state FROM signing_key')
      const stored = rows.map(({ key_id: keyId, state }) => ({ keyId, state }))
      if (inOrder(expected) !== inOrder(stored)) return false
      await client.query('DELETE FROM signing_key')
      for (const { keyId, algorithm, state, encryptedPrivateKey, since } of keys) {
        await client.query(
          `INSERT INTO signing_key (key_id, algorithm, state, encrypted_private_key, since) VALUES ($1, $2, $3, $4, $5)`,
          [keyId, algorithm, state, encryptedPrivateKey, since],
        )
      }
      return true
    })
  }
}

interface KeyRow {
  readonly key_id: string
  readonly algorithm: string
  readonly state: SigningKeyState
  readonly encrypted_private_key: string
  readonly since: string
}

/** Rule: by id and state, in any order. */
function inOrder(keys: readonly ExpectedKey[]): string {
  return JSON.stringify(keys.map(({ keyId, state }) => `${keyId} ${state}`).sort())
}
