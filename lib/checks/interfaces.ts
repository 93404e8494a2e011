/** An interface that the application must implement or pass: its name, its methods, and how to get one. */
export interface InterfaceDescription {
  /** With its article: `a ClientStore`. */
  readonly name: string
  readonly methods: readonly string[]
  /** The line to write. */
  readonly write: string
  /** Other lines, for values that are often given by mistake: by their kind, the name of a function, or the interface they have. */
  readonly instead?: Readonly<Record<string, string>>
  /** Strings that are often given by mistake, each with the line to write. */
  readonly words?: Readonly<Record<string, string>>
  /** The usual name of an object that has one in a member. */
  readonly holder?: string
  /** Objects that are often given by mistake, each recognized by a member that only it has. */
  readonly mistaken?: readonly { readonly member: string; readonly is: string; readonly write: string }[]
  /** Whether many other objects have methods of these names, so that `mistaken` must be checked even if none is missing. */
  readonly isVague?: boolean
}

/** The names of the interfaces. */
export type InterfaceName =
  | 'ClientStore'
  | 'TokenStore'
  | 'UserStore'
  | 'VerifyingUserStore'
  | 'PasswordHasher'
  | 'Throttle'
  | 'GrantHandler'
  | 'ClientAuthMethod'
  | 'SigningKeys'
  | 'KeyStore'
  | 'PostgresPool'
  | 'MysqlPool'
  | 'SqliteDatabase'
  | 'RedisHandle'
  | 'RateLimiter'
  | 'Registry'
  | 'MeterProvider'
  | 'TracerProvider'

const redisClient = 'createClient({ url }) of redis, or new Redis(url) of ioredis'
const newPool = 'new pg.Pool({ connectionString })'
const newMysqlPool = "createPool(url), imported from 'mysql2/promise'"
const newDatabase = "new DatabaseSync(file), imported from 'node:sqlite'"
const grants = {
  client_credentials: 'clientCredentialsGrant()',
  password: 'passwordGrant({ users })',
  refresh_token: 'refreshTokenGrant()',
}
const loadKeys = "loadSigningKeys(['keys/signing.pem'])"
const loadTheKey = 'loadSigningKeys([key])'
const storeKeys = 'storedSigningKeys({ store: stores.keys, passphrase })'

/** Returns what to write instead of something that does not hold the stores yet. */
function fromStores(member: string): Readonly<Record<string, string>> {
  const opened = `stores.${member}, after const stores = await openPostgresStores(pool)`
  return {
    undefined: opened,
    promise: opened,
    createMemoryStores: `createMemoryStores().${member}`,
    openSqliteStores: `openSqliteStores(file).${member}`,
  }
}

/** Every interface that an option or a parameter may require. */
export const interfaces: Readonly<Record<InterfaceName, InterfaceDescription>> = {
  ClientStore: {
    name: 'a ClientStore',
    methods: ['findClient'],
    write: 'createMemoryStores({ clients: [client] }).clients, or stores.clients of another store',
    holder: 'stores',
    instead: { ...fromStores('clients'), list: 'createMemoryStores({ clients: [...] }).clients' },
    mistaken: [
      {
        member: 'clientSecret',
        is: 'what createClient returns',
        write: 'createMemoryStores({ clients: [created.client] }).clients',
      },
      { member: 'clientId', is: 'a client', write: 'createMemoryStores({ clients: [client] }).clients' },
    ],
  },
  TokenStore: {
    name: 'a TokenStore',
    methods: [
      'saveTokens',
      'findAccessToken',
      'findRefreshToken',
      'rotateRefreshToken',
      'revokeAccessToken',
      'revokeTokens',
      'revokeSignedToken',
      'isSignedTokenRevoked',
      'findAuthorization',
      'listAuthorizations',
    ],
    write: 'createMemoryStores().tokens, or stores.tokens of another store',
    holder: 'stores',
    instead: fromStores('tokens'),
  },
  UserStore: {
    name: 'a UserStore',
    methods: ['findUserByUsername', 'findUser'],
    write:
      "passwordGrant({ users: { findUserByUsername, findUser } }), or users: postgresUsers(pool, { table: 'users', columns })",
  },
  VerifyingUserStore: {
    name: 'a VerifyingUserStore',
    methods: ['authenticateUser', 'findUser'],
    write: 'passwordGrant({ users: { authenticateUser, findUser } })',
  },
  PasswordHasher: {
    name: 'a PasswordHasher',
    methods: ['hash', 'verify', 'verifyNobody', 'needsRehash'],
    write: 'bcryptHasher(), or leave it out for that',
    instead: { bcryptHasher: 'bcryptHasher()' },
    words: { bcrypt: 'bcryptHasher()', bcryptjs: 'bcryptHasher()' },
    mistaken: [{ member: 'hashSync', is: 'bcrypt or bcryptjs itself', write: 'bcryptHasher()' }],
  },
  Throttle: {
    name: 'a Throttle',
    methods: ['begin', 'isKnown', 'remember'],
    write: 'memoryThrottle(), or leave it out for that; false for none',
    instead: {
      RateLimiter: 'sharedThrottle(rateLimiter)',
      boolean: 'memoryThrottle(), or leave it out for that',
      memoryThrottle: 'memoryThrottle()',
      sharedThrottle: 'sharedThrottle(rateLimiter)',
    },
  },
  GrantHandler: {
    name: 'a GrantHandler',
    methods: ['grantAccess'],
    write: 'clientCredentialsGrant(), passwordGrant({ users }), refreshTokenGrant(), or a grant of your own',
    instead: {
      passwordGrant: grants.password,
      UserStore: grants.password,
      VerifyingUserStore: grants.password,
      list: 'grants: [...a, ...b] where they come in lists',
    },
    words: grants,
  },
  ClientAuthMethod: {
    name: 'a ClientAuthMethod',
    methods: ['readCredentials', 'verifyCredentials'],
    write: 'a method of your own; the built-in ones are always there',
    words: Object.fromEntries(
      ['client_secret_basic', 'client_secret_post', 'none'].map((name) => [
        name,
        `authMethods: ['${name}'] in createClient; the server has it already`,
      ]),
    ),
  },
  SigningKeys: {
    name: 'the SigningKeys of loadSigningKeys or storedSigningKeys',
    methods: ['current'],
    write: loadKeys,
    instead: {
      KeyStore: storeKeys,
      list: 'loadSigningKeys([...])',
      string: loadTheKey,
      KeyObject: loadTheKey,
      loadSigningKeys: loadKeys,
      storedSigningKeys: storeKeys,
    },
    mistaken: [
      { member: 'kty', is: 'a JWK', write: 'loadSigningKeys([jwk])' },
      { member: 'tokens', is: 'all stores together', write: storeKeys },
      { member: 'keys', is: 'a set of JWKs', write: 'loadSigningKeys(set.keys)' },
    ],
    isVague: true,
  },
  KeyStore: {
    name: 'a KeyStore',
    methods: ['listSigningKeys', 'replaceSigningKeys'],
    write: 'stores.keys, of createMemoryStores() or of another store',
    holder: 'stores',
    instead: fromStores('keys'),
  },
  PostgresPool: {
    name: 'a Pool of pg',
    methods: ['connect'],
    write: newPool,
    instead: { BoundPool: 'pg.Pool({ connectionString })' },
    mistaken: [
      { member: 'connectionParameters', is: 'a Client of pg', write: newPool },
      { member: 'sendCommand', is: 'a client of Redis', write: 'openRedisStores(client)' },
    ],
    isVague: true,
  },
  MysqlPool: {
    name: 'a pool of mysql2/promise',
    methods: ['getConnection'],
    write: newMysqlPool,
    mistaken: [{ member: 'promise', is: 'a pool of mysql2 with callbacks', write: 'pool.promise()' }],
    isVague: true,
  },
  SqliteDatabase: {
    name: 'a database of node:sqlite or better-sqlite3',
    methods: ['exec', 'prepare'],
    write: newDatabase,
  },
  RedisHandle: {
    name: 'a client, pool, cluster or Sentinel of redis or ioredis',
    methods: ['sendCommand'],
    write: redisClient,
  },
  RateLimiter: {
    name: 'a limiter of rate-limiter-flexible',
    methods: ['penalty', 'reward', 'get', 'set', 'delete'],
    write: "new RateLimiterRedis({ storeClient, keyPrefix: 'latchkey', points: 1, duration: 1 })",
    instead: { Throttle: 'throttle: throttle, without sharedThrottle, because it is a throttle already' },
  },
  Registry: {
    name: 'a Registry of prom-client',
    methods: ['registerMetric', 'removeSingleMetric'],
    write: 'register, imported from prom-client, or leave it out for that',
    holder: 'promClient',
  },
  MeterProvider: {
    name: 'a MeterProvider of OpenTelemetry',
    methods: ['getMeter'],
    write: 'metrics.getMeterProvider(), or leave it out for that',
    mistaken: [{ member: 'createCounter', is: 'a Meter', write: 'metrics.getMeterProvider()' }],
  },
  TracerProvider: {
    name: 'a TracerProvider of OpenTelemetry',
    methods: ['getTracer'],
    write: 'trace.getTracerProvider(), or leave it out for that',
    mistaken: [{ member: 'startSpan', is: 'a Tracer', write: 'trace.getTracerProvider()' }],
  },
}
