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
  -- Milliseconds since the epoch: the limit of how often a sign-in is refreshed.
  paced_until bigint,
  -- 0, 1, 2, … in its sign-in. The next one is the successor of a token.
  generation bigint NOT NULL,
  -- NULL: it can still be spent. The newest 1,000 spent tokens stay: a replay is recognized by them.
  spent_at                bigint,
  -- Only while a retry may come, and until the successor is spent: with the token it yields the successor.
  successor_nonce         text,
  retry_until             bigint,
  -- Milliseconds since the epoch.
  successor_spent_at      bigint,
  late_retry_at           bigint,
  access_token_scope      text,
  access_token_audience   text,
  access_token_expires_at bigint
);
CREATE UNIQUE INDEX ON refresh_token (sign_in_id, generation);
CREATE INDEX ON refresh_token (coalesce(retry_until, spent_at + 60)) WHERE successor_nonce IS NOT NULL;

-- JWTs that were revoked one by one.
CREATE TABLE revoked_jwt (
  token_id   text COLLATE "C" PRIMARY KEY,
  expires_at bigint NOT NULL
);
CREATE INDEX ON revoked_jwt (expires_at);

-- Until when the JWTs of clients are revoked, which are not stored: of one client, or of all.
CREATE TABLE not_before (
  subject      text COLLATE "C" PRIMARY KEY,
  issued_until bigint NOT NULL
);

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

-- Clients as an application is likely to have them: see existing-client-store.ts. Redirect URIs are not used by latchkey.
CREATE TABLE oauth_clients (
  id           text COLLATE "C" PRIMARY KEY,
  secret       text,
  redirect_uri text,
  grant_types  text NOT NULL,
  scope        text NOT NULL
);
