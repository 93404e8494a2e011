import type { Schema } from '../sql/migration.js'

/** Of this kind are all tables: rows that can be locked, texts of any length outside of the page. */
const table = 'ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'

/**
 * The tables in MySQL and MariaDB. Times are seconds since the epoch. What is compared is VARBINARY: the
 * collations that compare bytes and trailing spaces have other names in MySQL than in MariaDB. Every statement can be repeated,
 * because these databases cannot take a CREATE TABLE back.
 */
export const mysqlSchema: Schema = {
  migrationTable: `CREATE TABLE IF NOT EXISTS latchkey_migration (
    version BIGINT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL
  ) ENGINE = InnoDB`,
  now: 'unix_timestamp()',
  migrations: [
    {
      version: 1,
      statements: [
        `CREATE TABLE IF NOT EXISTS latchkey_client (
        client_id    VARBINARY(512) NOT NULL PRIMARY KEY,
        registration MEDIUMTEXT NOT NULL COMMENT 'JSON: a field of the registration that is new needs no new column'
      ) ${table}`,

        `CREATE TABLE IF NOT EXISTS latchkey_authorization (
        authorization_id    VARBINARY(512) NOT NULL PRIMARY KEY,
        user_id             VARBINARY(512) NOT NULL,
        client_id           VARBINARY(512) NOT NULL,
        grant_type          VARCHAR(512)   NOT NULL,
        scope               TEXT           NOT NULL,
        audience            TEXT           NOT NULL,
        device_label        TEXT,
        created_at          BIGINT         NOT NULL,
        expires_at          BIGINT         NOT NULL,
        revoked_at          BIGINT,
        last_used_at        BIGINT         NOT NULL,
        signed_tokens_until BIGINT         NOT NULL
          COMMENT 'When the last of its JWTs ends: they are not stored, but until then it must be known',
        usable_until        BIGINT         NOT NULL
          COMMENT 'Pruning need not look at it earlier: until then it has a token that can be used',
        KEY latchkey_authorization_user (user_id),
        KEY latchkey_authorization_client (client_id),
        KEY latchkey_authorization_usable_until (usable_until)
      ) ${table}`,

        `CREATE TABLE IF NOT EXISTS latchkey_access_token (
        token_hash       VARBINARY(128) NOT NULL PRIMARY KEY,
        client_id        VARBINARY(512) NOT NULL,
        user_id          VARBINARY(512),
        authorization_id VARBINARY(512),
        scope            TEXT           NOT NULL,
        audience         TEXT           NOT NULL,
        issued_at        BIGINT         NOT NULL,
        expires_at       BIGINT         NOT NULL,
        KEY latchkey_access_token_expires_at (expires_at),
        KEY latchkey_access_token_authorization (authorization_id)
      ) ${table}`,

        `CREATE TABLE IF NOT EXISTS latchkey_refresh_token (
        token_hash              VARBINARY(128) NOT NULL PRIMARY KEY,
        authorization_id        VARBINARY(512) NOT NULL,
        issued_at               BIGINT         NOT NULL,
        expires_at              BIGINT         NOT NULL,
        spent_at                BIGINT,
        successor_nonce         VARCHAR(512),
        access_token_scope      TEXT,
        access_token_audience   TEXT,
        access_token_expires_at BIGINT,
        KEY latchkey_refresh_token_authorization (authorization_id)
      ) ${table}`,

        `CREATE TABLE IF NOT EXISTS latchkey_revoked_token (
        token_id   VARBINARY(512) NOT NULL PRIMARY KEY,
        expires_at BIGINT         NOT NULL,
        KEY latchkey_revoked_token_expires_at (expires_at)
      ) ${table}`,

        `CREATE TABLE IF NOT EXISTS latchkey_signing_key (
        key_id                VARBINARY(512) NOT NULL PRIMARY KEY,
        algorithm             VARCHAR(64)    NOT NULL,
        state                 VARCHAR(16)    NOT NULL,
        encrypted_private_key TEXT           NOT NULL,
        since                 BIGINT         NOT NULL
      ) ${table}`,
      ],
    },
    {
      version: 2,
      statements: [
        `ALTER TABLE latchkey_refresh_token
        ADD COLUMN retry_until BIGINT,
        ADD COLUMN received_at BIGINT COMMENT 'Milliseconds since the epoch',
        ADD COLUMN paced_until BIGINT,
        ADD COLUMN generation BIGINT
          COMMENT 'The successor of a token has the next one; nothing for what earlier versions stored, until it is spent',
        ADD COLUMN predecessor_nonce VARCHAR(512)
          COMMENT 'With the token that this one is the successor of it yields this one; until it is spent, at most',
        ADD COLUMN nonce_until BIGINT,
        ADD COLUMN predecessor_late_retry_at BIGINT,
        ADD KEY latchkey_refresh_token_generation (authorization_id, generation),
        ADD KEY latchkey_refresh_token_nonce_until (nonce_until),
        DROP KEY latchkey_refresh_token_authorization`,
        // Where earlier versions had the nonces: those that cannot be needed any more.
        `UPDATE latchkey_refresh_token SET successor_nonce = ''
        WHERE successor_nonce <> '' AND spent_at < unix_timestamp() - 60`,

        // Of clients' own JWTs, which are not stored: those that were issued until then are revoked.
        `CREATE TABLE IF NOT EXISTS latchkey_not_before (
        subject      VARBINARY(544) NOT NULL PRIMARY KEY,
        issued_until BIGINT         NOT NULL
      ) ${table}`,
      ],
    },
    {
      version: 3,
      statements: [
        // The counters of `throttle`.
        `CREATE TABLE IF NOT EXISTS latchkey_throttle (
        name       VARBINARY(255) NOT NULL PRIMARY KEY,
        points     BIGINT         NOT NULL,
        expires_at BIGINT         NOT NULL COMMENT 'Milliseconds since the epoch',
        KEY latchkey_throttle_expires_at (expires_at)
      ) ${table}`,
      ],
    },
  ],
}
