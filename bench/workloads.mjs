// The workloads: what is asked (`traffic`), of whom (`servers`), and how these are set up for it (`algorithm`: of the JWTs).
const ours = ['latchkey', 'latchkey-front', 'latchkey-http']
const issuers = ['bare', 'crypto', ...ours, 'node-oauth', 'oauth2orize', 'jmondi', 'oidc-provider']
const guards = [
  'bare',
  'crypto',
  'latchkey',
  'latchkey-front',
  'latchkey-resource',
  'express-jwt',
  'passport-jwt',
  'express-oauth2-jwt-bearer',
]

const jwt = (algorithm, servers) => ({
  name: `client-credentials-${algorithm.toLowerCase()}`,
  title: `Client credentials, JWT ${algorithm}`,
  traffic: 'clientCredentials',
  algorithm,
  servers,
})

const jwtGuard = (algorithm) => ({
  name: `guard-jwt-${algorithm.toLowerCase()}`,
  title: `Guard, JWT ${algorithm} seen before`,
  traffic: 'guard',
  algorithm,
  servers: guards,
})

const unseenJwtGuard = (algorithm) => ({
  name: `guard-jwt-${algorithm.toLowerCase()}-unseen`,
  title: `Guard, JWT ${algorithm} never seen before`,
  traffic: 'unseenJwts',
  algorithm,
  requestsPerSecond: 5000,
  servers: guards,
})

/** Those that are measured by their throughput, in the order of tables and charts. */
export const workloads = [
  {
    name: 'client-credentials',
    title: 'Client credentials, opaque token',
    traffic: 'clientCredentials',
    // The access tokens of @jmondi/oauth2-server are JWTs.
    servers: issuers.filter((name) => name !== 'jmondi'),
  },
  jwt('ES256', issuers),
  jwt('RS256', issuers),
  // Of the peers that sign with jsonwebtoken none can use Ed25519.
  jwt('EdDSA', ['bare', 'crypto', ...ours, 'oidc-provider']),
  jwt('HS256', issuers),
  { name: 'refresh', title: 'Refresh chain', traffic: 'refresh', servers: issuers },
  {
    name: 'introspection',
    title: 'Introspection',
    traffic: 'introspect',
    servers: ['bare', 'crypto', ...ours, 'jmondi', 'oidc-provider'],
  },
  {
    name: 'revocation',
    title: 'Revocation',
    traffic: 'revoke',
    requestsPerSecond: 4000,
    servers: ['bare', 'crypto', ...ours, 'jmondi', 'oidc-provider'],
  },
  {
    name: 'guard-opaque',
    title: 'Guard, opaque token',
    traffic: 'guard',
    servers: ['bare', 'crypto', 'latchkey', 'node-oauth', 'passport-http-bearer'],
  },
  jwtGuard('ES256'),
  jwtGuard('RS256'),
  unseenJwtGuard('ES256'),
  unseenJwtGuard('RS256'),
]
