-- The tables of the store template, for PostgreSQL. Names and additional columns are yours to choose.
--
-- Times are seconds since the epoch, as latchkey gives them: nothing is converted on the way.
-- Ids and hashes are COLLATE "C": they are compared byte for byte, whatever the default of the database is.

-- One sign-in of a user on a device. latchkey calls it an authorization.
CREATE TABLE sign_in (
  id           text COLLATE "C" PRIMARY KEY,
  user_id      text COLLATE "C" NOT NULL,
  client_id    text COLLATE "C" NOT NULL,
  grant_type   text    NOT NULL,
  scope        text    NOT NULL,
  audience     text    NOT NULL,
  device_label text,
  created_at   bigint  NOT NULL,
  expires_at   bigint  NOT NULL,
  last_used_at bigint  NOT NULL,
  -- Set once, never taken back.
  revoked      boolean NOT NULL DEFAULT false,
  -- When the last of its JWTs ends. They are not stored, but until then the sign-in must be known.
  jwts_end_at  bigint  NOT NULL,
  -- When the last of its tokens that can be used ends; 0 when it is revoked. Pruning goes by this column alone.
  usable_until bigint  NOT NULL
);
CREATE INDEX ON sign_in (user_id);
CREATE INDEX ON sign_in (client_id);
CREATE INDEX ON sign_in (usable_until);

CREATE TABLE access_token (
  token_hash text COLLATE "C" PRIMARY KEY,
  client_id  text COLLATE "C" NOT NULL,
  -- Both are NULL for a token of a client itself.
  user_id    text COLLATE "C",
  sign_in_id text COLLATE "C" REFERENCES sign_in,
  scope      text   NOT NULL,
  audience   text   NOT NULL,
  issued_at  bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX ON access_token (sign_in_id);
CREATE INDEX ON access_token (expires_at);
CREATE INDEX ON access_token (client_id) WHERE sign_in_id IS NULL;

CREATE TABLE refresh_token (
  token_hash text COLLATE "C" PRIMARY KEY,
  sign_in_id text COLLATE "C" NOT NULL REFERENCES sign_in,
  issued_at  bigint NOT NULL,
  expires_at bigint NOT NULL,
  -- NULL: it can still be spent. A spent token stays as long as its sign-in.
  spent_at                bigint,
  successor_nonce         text,
  access_token_scope      text,
  access_token_audience   text,
  access_token_expires_at bigint
);
CREATE INDEX ON refresh_token (sign_in_id);

-- JWTs that were revoked one by one.
CREATE TABLE revoked_jwt (
  token_id   text COLLATE "C" PRIMARY KEY,
  expires_at bigint NOT NULL
);
CREATE INDEX ON revoked_jwt (expires_at);

CREATE TABLE oauth_client (
  client_id    text COLLATE "C" PRIMARY KEY,
  registration jsonb NOT NULL
);

CREATE TABLE signing_key (
  key_id                text COLLATE "C" PRIMARY KEY,
  algorithm             text   NOT NULL,
  state                 text   NOT NULL,
  encrypted_private_key text   NOT NULL,
  since                 bigint NOT NULL
);

-- A table that an application is likely to have already. Names are stored in lower case: see my-user-store.ts.
CREATE TABLE app_user (
  id            text COLLATE "C" PRIMARY KEY,
  username      text COLLATE "C" NOT NULL UNIQUE,
  password_hash text NOT NULL,
  blocked_at    timestamptz
);
