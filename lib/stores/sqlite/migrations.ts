import type { Schema } from '../sql/migration.js'

/** The tables in SQLite. Times are seconds since the epoch. */
export const sqliteSchema: Schema = {
  migrationTable: `
    CREATE TABLE IF NOT EXISTS latchkey_migration (
      version    INTEGER NOT NULL PRIMARY KEY,
      applied_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
  `,
  now: 'unixepoch()',
  migrations: [
    {
      version: 1,
      statements: [
        `
      CREATE TABLE latchkey_client (
        client_id    TEXT NOT NULL PRIMARY KEY,
        registration TEXT NOT NULL -- JSON: a field of the registration that is new needs no new column
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE latchkey_authorization (
        authorization_id TEXT    NOT NULL PRIMARY KEY,
        user_id          TEXT    NOT NULL,
        client_id        TEXT    NOT NULL,
        grant_type       TEXT    NOT NULL,
        scope            TEXT    NOT NULL,
        created_at       INTEGER NOT NULL,
        expires_at       INTEGER NOT NULL,
        revoked_at       INTEGER,
        -- Pruning need not look at it earlier: until then it has a token that can be used.
        usable_until     INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX latchkey_authorization_user ON latchkey_authorization (user_id);
      CREATE INDEX latchkey_authorization_client ON latchkey_authorization (client_id);
      CREATE INDEX latchkey_authorization_usable_until ON latchkey_authorization (usable_until);

      CREATE TABLE latchkey_access_token (
        token_hash       TEXT    NOT NULL PRIMARY KEY,
        client_id        TEXT    NOT NULL,
        user_id          TEXT,
        authorization_id TEXT,
        scope            TEXT    NOT NULL,
        issued_at        INTEGER NOT NULL,
        expires_at       INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX latchkey_access_token_expires_at ON latchkey_access_token (expires_at);
      CREATE INDEX latchkey_access_token_authorization ON latchkey_access_token (authorization_id)
        WHERE authorization_id IS NOT NULL;

      CREATE TABLE latchkey_refresh_token (
        token_hash              TEXT    NOT NULL PRIMARY KEY,
        authorization_id        TEXT    NOT NULL,
        issued_at               INTEGER NOT NULL,
        expires_at              INTEGER NOT NULL,
        spent_at                INTEGER,
        successor_nonce         TEXT,
        access_token_scope      TEXT,
        access_token_expires_at INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX latchkey_refresh_token_authorization ON latchkey_refresh_token (authorization_id);
    `,
      ],
    },
    {
      version: 2,
      statements: [
        `
      ALTER TABLE latchkey_authorization ADD COLUMN audience TEXT NOT NULL DEFAULT '';
      ALTER TABLE latchkey_authorization ADD COLUMN device_label TEXT;
      ALTER TABLE latchkey_authorization ADD COLUMN last_used_at INTEGER NOT NULL DEFAULT 0;
      -- When the last of its JWTs ends: they are not stored, but until then it must be known.
      ALTER TABLE latchkey_authorization ADD COLUMN signed_tokens_until INTEGER NOT NULL DEFAULT 0;
      UPDATE latchkey_authorization AS owner
      SET last_used_at = coalesce(
        (SELECT max(issued_at) FROM latchkey_refresh_token WHERE authorization_id = owner.authorization_id),
        created_at
      );

      ALTER TABLE latchkey_access_token ADD COLUMN audience TEXT NOT NULL DEFAULT '';
      ALTER TABLE latchkey_refresh_token ADD COLUMN access_token_audience TEXT NOT NULL DEFAULT '';

      CREATE TABLE latchkey_revoked_token (
        token_id   TEXT    NOT NULL PRIMARY KEY,
        expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX latchkey_revoked_token_expires_at ON latchkey_revoked_token (expires_at);

      CREATE TABLE latchkey_signing_key (
        key_id                TEXT    NOT NULL PRIMARY KEY,
        algorithm             TEXT    NOT NULL,
        state                 TEXT    NOT NULL,
        encrypted_private_key TEXT    NOT NULL,
        since                 INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
      ],
    },
    {
      version: 3,
      statements: [
        `
      ALTER TABLE latchkey_refresh_token ADD COLUMN retry_until INTEGER;
      -- Milliseconds since the epoch.
      ALTER TABLE latchkey_refresh_token ADD COLUMN received_at INTEGER;
      ALTER TABLE latchkey_refresh_token ADD COLUMN paced_until INTEGER;
      -- The successor of a token has the next one. Nothing for what earlier versions stored, until it is spent.
      ALTER TABLE latchkey_refresh_token ADD COLUMN generation INTEGER;
      -- With the token that this one is the successor of it yields this one. Until it is spent, at most.
      ALTER TABLE latchkey_refresh_token ADD COLUMN predecessor_nonce TEXT;
      ALTER TABLE latchkey_refresh_token ADD COLUMN nonce_until INTEGER;
      ALTER TABLE latchkey_refresh_token ADD COLUMN predecessor_late_retry_at INTEGER;
      -- Where earlier versions had the nonces; pruning forgets them.
      CREATE INDEX latchkey_refresh_token_old_nonce ON latchkey_refresh_token (spent_at) WHERE successor_nonce <> '';
      CREATE INDEX latchkey_refresh_token_generation ON latchkey_refresh_token (authorization_id, generation);
      DROP INDEX latchkey_refresh_token_authorization;
      CREATE INDEX latchkey_refresh_token_nonce_until ON latchkey_refresh_token (nonce_until)
        WHERE nonce_until IS NOT NULL;

      -- Of clients' own JWTs, which are not stored: those that were issued until then are revoked.
      CREATE TABLE latchkey_not_before (
        subject      TEXT    NOT NULL PRIMARY KEY,
        issued_until INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
      ],
    },
    {
      version: 4,
      statements: [
        `
      -- The counters of throttle.
      CREATE TABLE latchkey_throttle (
        name       TEXT    NOT NULL PRIMARY KEY,
        points     INTEGER NOT NULL,
        expires_at INTEGER NOT NULL -- Milliseconds since the epoch.
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX latchkey_throttle_expires_at ON latchkey_throttle (expires_at);
    `,
      ],
    },
  ],
}
