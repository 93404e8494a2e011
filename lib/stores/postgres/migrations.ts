import type { Schema } from '../sql/migration.js'

/** The tables in PostgreSQL. Times are seconds since the epoch, ids and hashes compare bytes. */
export const postgresSchema: Schema = {
  migrationTable:
    'CREATE TABLE IF NOT EXISTS latchkey_migration (version BIGINT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)',
  now: 'CAST(extract(epoch FROM now()) AS BIGINT)',
  migrations: [
    {
      version: 1,
      statements: [
        `CREATE TABLE latchkey_client (
        client_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        registration TEXT NOT NULL -- JSON: a field of the registration that is new needs no new column
      )`,

        `CREATE TABLE latchkey_authorization (
        authorization_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        user_id             TEXT COLLATE "C" NOT NULL,
        client_id           TEXT COLLATE "C" NOT NULL,
        grant_type          TEXT   NOT NULL,
        scope               TEXT   NOT NULL,
        audience            TEXT   NOT NULL,
        device_label        TEXT,
        created_at          BIGINT NOT NULL,
        expires_at          BIGINT NOT NULL,
        revoked_at          BIGINT,
        last_used_at        BIGINT NOT NULL,
        -- When the last of its JWTs ends: they are not stored, but until then it must be known.
        signed_tokens_until BIGINT NOT NULL,
        -- Pruning need not look at it earlier: until then it has a token that can be used.
        usable_until        BIGINT NOT NULL
      )`,
        `CREATE INDEX latchkey_authorization_user ON latchkey_authorization (user_id)`,
        `CREATE INDEX latchkey_authorization_client ON latchkey_authorization (client_id)`,
        `CREATE INDEX latchkey_authorization_usable_until ON latchkey_authorization (usable_until)`,

        `CREATE TABLE latchkey_access_token (
        token_hash       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        client_id        TEXT COLLATE "C" NOT NULL,
        user_id          TEXT COLLATE "C",
        authorization_id TEXT COLLATE "C",
        scope            TEXT   NOT NULL,
        audience         TEXT   NOT NULL,
        issued_at        BIGINT NOT NULL,
        expires_at       BIGINT NOT NULL
      )`,
        `CREATE INDEX latchkey_access_token_expires_at ON latchkey_access_token (expires_at)`,
        `CREATE INDEX latchkey_access_token_authorization ON latchkey_access_token (authorization_id)
        WHERE authorization_id IS NOT NULL`,

        `CREATE TABLE latchkey_refresh_token (
        token_hash              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        authorization_id        TEXT COLLATE "C" NOT NULL,
        issued_at               BIGINT NOT NULL,
        expires_at              BIGINT NOT NULL,
        spent_at                BIGINT,
        successor_nonce         TEXT,
        access_token_scope      TEXT,
        access_token_audience   TEXT,
        access_token_expires_at BIGINT
      )`,
        `CREATE INDEX latchkey_refresh_token_authorization ON latchkey_refresh_token (authorization_id)`,

        `CREATE TABLE latchkey_revoked_token (
        token_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        expires_at BIGINT NOT NULL
      )`,
        `CREATE INDEX latchkey_revoked_token_expires_at ON latchkey_revoked_token (expires_at)`,

        `CREATE TABLE latchkey_signing_key (
        key_id                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        algorithm             TEXT   NOT NULL,
        state                 TEXT   NOT NULL,
        encrypted_private_key TEXT   NOT NULL,
        since                 BIGINT NOT NULL
      )`,
      ],
    },
    {
      version: 2,
      statements: [
        `ALTER TABLE latchkey_refresh_token
        ADD COLUMN retry_until BIGINT,
        -- Milliseconds since the epoch.
        ADD COLUMN received_at BIGINT,
        ADD COLUMN paced_until BIGINT,
        -- The successor of a token has the next one. Nothing for what earlier versions stored, until it is spent.
        ADD COLUMN generation BIGINT,
        -- With the token that this one is the successor of it yields this one. Until it is spent, at most.
        ADD COLUMN predecessor_nonce TEXT,
        ADD COLUMN nonce_until BIGINT,
        ADD COLUMN predecessor_late_retry_at BIGINT`,
        // Where earlier versions had the nonces; pruning forgets them.
        `CREATE INDEX latchkey_refresh_token_old_nonce ON latchkey_refresh_token (spent_at) WHERE successor_nonce <> ''`,
        `CREATE INDEX latchkey_refresh_token_generation
        ON latchkey_refresh_token (authorization_id, generation NULLS FIRST)`,
        `DROP INDEX latchkey_refresh_token_authorization`,
        `CREATE INDEX latchkey_refresh_token_nonce_until ON latchkey_refresh_token (nonce_until) WHERE nonce_until IS NOT NULL`,

        // Of clients' own JWTs, which are not stored: those that were issued until then are revoked.
        `CREATE TABLE latchkey_not_before (
        subject      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        issued_until BIGINT NOT NULL
      )`,
      ],
    },
    {
      version: 3,
      statements: [
        // The counters of `throttle`. Points change often and `expires_at` does not: there is room for the new row beside the old one.
        `CREATE TABLE latchkey_throttle (
        name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        points     BIGINT NOT NULL,
        expires_at BIGINT NOT NULL -- Milliseconds since the epoch.
      ) WITH (fillfactor = 70)`,
        `CREATE INDEX latchkey_throttle_expires_at ON latchkey_throttle (expires_at)`,
      ],
    },
  ],
}
