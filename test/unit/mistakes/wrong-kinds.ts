import * as bcryptjs from 'bcryptjs'
import mysql from 'mysql2'
import pg from 'pg'
import * as promClient from 'prom-client'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createClient as createRedisClient } from 'redis'
import {
  bcryptHasher,
  clientCredentialsGrant,
  createClient,
  loadSigningKeys,
  memoryThrottle,
  passwordGrant,
  pruneRegularly,
  refreshTokenGrant,
  sharedThrottle,
  storedSigningKeys,
} from 'latchkey'
import { prometheusMetrics } from 'latchkey/prometheus'
import { createMemoryStores } from 'latchkey/stores/memory'
import { openMysqlStores } from 'latchkey/stores/mysql'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { openRedisStores } from 'latchkey/stores/redis'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import type { Mistake } from '../mistakes.js'
import { serverWith, untyped } from './sound-server.js'

const stores = createMemoryStores({ pruneIntervalSeconds: 0 })
const created = createClient({ grantTypes: ['client_credentials'], scopes: ['orders:read'] })
const passphrase = 'correct horse battery staple'
const users = { findUserByUsername: () => undefined, findUser: () => undefined }
const tokenStore =
  'a TokenStore, with the methods saveTokens, findAccessToken, findRefreshToken, rotateRefreshToken, revokeAccessToken, revokeTokens, ' +
  'revokeSignedToken, isSignedTokenRevoked, findAuthorization and listAuthorizations'
const aHasher = 'it must be a PasswordHasher, with the methods hash, verify, verifyNobody and needsRehash. '
const aGrant = 'it must be a GrantHandler, with the method grantAccess. '
const aPool = 'it must be a Pool of pg, with the method connect. '
const aClientStore = 'it must be a ClientStore, with the method findClient. '
const aThrottle = 'it must be a Throttle, with the methods begin, isKnown and remember. '
const someKeys = 'it must be the SigningKeys of loadSigningKeys or storedSigningKeys, with the method current. '

/** Something of one kind where something of another kind belongs. */
export const wrongKinds: readonly Mistake[] = [
  {
    mistake: "grants: ['password']",
    make: () => serverWith({ grants: ['password'] }),
    says: `grants[0]: is the text 'password'; ${aGrant}Write passwordGrant({ users }).`,
  },
  {
    mistake: "grants: ['passwort']",
    make: () => serverWith({ grants: ['passwort'] }),
    says: `grants[0]: is a string; ${aGrant}Write clientCredentialsGrant(), passwordGrant({ users }), refreshTokenGrant(), or a grant of your own.`,
  },
  {
    mistake: 'grants: [clientCredentialsGrant]',
    make: () => serverWith({ grants: [clientCredentialsGrant] }),
    says: `grants[0]: is the function clientCredentialsGrant; ${aGrant}Call it: clientCredentialsGrant().`,
  },
  {
    mistake: 'grants: [passwordGrant]',
    make: () => serverWith({ grants: [passwordGrant] }),
    says: `grants[0]: is the function passwordGrant; ${aGrant}Call it: passwordGrant({ users }).`,
  },
  {
    mistake: 'grants: [[refreshTokenGrant()]]',
    make: () => serverWith({ grants: [[refreshTokenGrant()]] }),
    says: `grants[0]: is a list; ${aGrant}Write grants: [...a, ...b] where they come in lists.`,
  },
  {
    mistake: 'grants: [users]',
    make: () => serverWith({ grants: [users] }),
    says: `grants[0]: is a UserStore; ${aGrant}Write passwordGrant({ users }).`,
  },
  {
    mistake: 'clients: [client]',
    make: () => serverWith({ clients: [created.client] }),
    says: `clients: is a list; ${aClientStore}Write createMemoryStores({ clients: [...] }).clients.`,
  },
  {
    mistake: 'clients: client',
    make: () => serverWith({ clients: created.client }),
    says: `clients: is a client; ${aClientStore}Write createMemoryStores({ clients: [client] }).clients.`,
  },
  {
    mistake: 'clients: createClient(…)',
    make: () => serverWith({ clients: created }),
    says: `clients: is what createClient returns; ${aClientStore}Write createMemoryStores({ clients: [created.client] }).clients.`,
  },
  {
    mistake: 'clients: stores',
    make: () => serverWith({ clients: stores }),
    says: 'clients: is an object with a ClientStore in its member clients; it must be a ClientStore. Write stores.clients.',
  },
  {
    mistake: 'clients and tokens the wrong way round',
    make: () => serverWith({ clients: stores.tokens, tokens: stores.clients }),
    says: `clients: is a TokenStore; ${aClientStore}Write createMemoryStores({ clients: [client] }).clients, or stores.clients of another store.`,
  },
  {
    mistake: 'const { clients } = openPostgresStores(pool), without await',
    make: () => serverWith({ clients: undefined }),
    says: `clients: is undefined; ${aClientStore}Write stores.clients, after const stores = await openPostgresStores(pool).`,
  },
  {
    mistake: 'tokens: openPostgresStores(pool), without await',
    make: () => serverWith({ tokens: Promise.resolve(stores) }),
    says: `tokens: is a promise; it must be ${tokenStore}. Await it: stores.tokens, after const stores = await openPostgresStores(pool).`,
  },
  {
    mistake: 'tokens: createMemoryStores',
    make: () => serverWith({ tokens: createMemoryStores }),
    says: `tokens: is the function createMemoryStores; it must be ${tokenStore}. Call it: createMemoryStores().tokens.`,
  },
  {
    mistake: 'tokens: {}',
    make: () => serverWith({ tokens: {} }),
    says: `tokens: is an object without ${tokenStore.slice('a TokenStore, with '.length)}; it must be a TokenStore. Write createMemoryStores().tokens, or stores.tokens of another store.`,
  },
  {
    mistake: 'tokens: new Map()',
    make: () => serverWith({ tokens: new Map() }),
    says: `tokens: is a Map without ${tokenStore.slice('a TokenStore, with '.length)}; it must be a TokenStore. Write createMemoryStores().tokens, or stores.tokens of another store.`,
  },
  {
    mistake: 'users with one method of two',
    make: () => passwordGrant({ users: untyped({ findUserByUsername: () => undefined }) }),
    says: "passwordGrant.users: is an object without the method findUser; it must be a UserStore. Write passwordGrant({ users: { findUserByUsername, findUser } }), or users: postgresUsers(pool, { table: 'users', columns }).",
  },
  {
    mistake: 'users: [user]',
    make: () => passwordGrant({ users: untyped([{ userId: 'u1' }]) }),
    says: "passwordGrant.users: is a list; it must be a UserStore, with the methods findUserByUsername and findUser. Write passwordGrant({ users: { findUserByUsername, findUser } }), or users: postgresUsers(pool, { table: 'users', columns }).",
  },
  {
    mistake: 'hasher: bcryptjs',
    make: () => passwordGrant({ users, hasher: untyped(bcryptjs) }),
    says: `passwordGrant.hasher: is bcrypt or bcryptjs itself; ${aHasher}Write bcryptHasher().`,
  },
  {
    mistake: "hasher: 'bcrypt'",
    make: () => passwordGrant({ users, hasher: untyped('bcrypt') }),
    says: `passwordGrant.hasher: is the text 'bcrypt'; ${aHasher}Write bcryptHasher().`,
  },
  {
    mistake: 'secretHasher: bcryptHasher',
    make: () => serverWith({ secretHasher: bcryptHasher }),
    says: `secretHasher: is the function bcryptHasher; ${aHasher}Call it: bcryptHasher().`,
  },
  {
    mistake: 'throttle: true',
    make: () => serverWith({ throttle: true }),
    says: `throttle: is a boolean; ${aThrottle}Write memoryThrottle(), or leave it out for that.`,
  },
  {
    mistake: 'throttle: memoryThrottle',
    make: () => serverWith({ throttle: memoryThrottle }),
    says: `throttle: is the function memoryThrottle; ${aThrottle}Call it: memoryThrottle().`,
  },
  {
    mistake: 'throttle: new RateLimiterRedis(…)',
    make: () => serverWith({ throttle: new RateLimiterMemory({ points: 1, duration: 1 }) }),
    says: `throttle: is a limiter of rate-limiter-flexible; ${aThrottle}Write sharedThrottle(rateLimiter).`,
  },
  {
    mistake: 'sharedThrottle(redis)',
    make: () => sharedThrottle(untyped(createRedisClient())),
    says: "sharedThrottle: is a client, pool, cluster or Sentinel of redis or ioredis; it must be a limiter of rate-limiter-flexible, with the methods penalty, reward, get, set and delete. Write new RateLimiterRedis({ storeClient, keyPrefix: 'latchkey', points: 1, duration: 1 }).",
  },
  {
    mistake: "clientAuthMethods: ['client_secret_post']",
    make: () => serverWith({ clientAuthMethods: ['client_secret_post'] }),
    says: "clientAuthMethods[0]: is the text 'client_secret_post'; it must be a ClientAuthMethod, with the methods readCredentials and verifyCredentials. Write authMethods: ['client_secret_post'] in createClient; the server has it already.",
  },
  {
    mistake: "signingKeys: ['keys/signing.pem']",
    make: () => serverWith({ signingKeys: ['keys/signing.pem'] }),
    says: `signingKeys: is a list; ${someKeys}Write loadSigningKeys([...]).`,
  },
  {
    mistake: 'signingKeys: loadSigningKeys',
    make: () => serverWith({ signingKeys: loadSigningKeys }),
    says: `signingKeys: is the function loadSigningKeys; ${someKeys}Call it: loadSigningKeys(['keys/signing.pem']).`,
  },
  {
    mistake: 'signingKeys: stores.keys',
    make: () => serverWith({ signingKeys: stores.keys }),
    says: `signingKeys: is a KeyStore; ${someKeys}Write storedSigningKeys({ store: stores.keys, passphrase }).`,
  },
  {
    mistake: 'signingKeys: stores',
    make: () => serverWith({ signingKeys: stores }),
    says: `signingKeys: is all stores together; ${someKeys}Write storedSigningKeys({ store: stores.keys, passphrase }).`,
  },
  {
    mistake: 'storedSigningKeys({ store: stores })',
    make: () => storedSigningKeys({ store: untyped(stores), passphrase }),
    says: 'storedSigningKeys.store: is an object with a KeyStore in its member keys; it must be a KeyStore. Write stores.keys.',
  },
  {
    mistake: 'pruneRegularly(stores)',
    make: () => pruneRegularly(untyped(stores)),
    says: 'pruneRegularly.store: is an object with a TokenStore in its member tokens; it must be a TokenStore. Write stores.tokens.',
  },
  {
    mistake: "openPostgresStores('postgres://…')",
    make: () => openPostgresStores(untyped('postgres://me:hunter2@localhost/shop')),
    says: `openPostgresStores.pool: is a URL; ${aPool}Write new pg.Pool({ connectionString }).`,
  },
  {
    mistake: 'openPostgresStores(new pg.Client())',
    make: () => openPostgresStores(untyped(new pg.Client())),
    says: `openPostgresStores.pool: is a Client of pg; ${aPool}Write new pg.Pool({ connectionString }).`,
  },
  {
    mistake: 'openPostgresStores(pg.Pool)',
    make: () => openPostgresStores(untyped(pg.Pool)),
    says: `openPostgresStores.pool: is the class BoundPool; ${aPool}Make one: new pg.Pool({ connectionString }).`,
  },
  {
    mistake: 'openPostgresStores(redis)',
    make: () => openPostgresStores(untyped(createRedisClient())),
    says: `openPostgresStores.pool: is a client of Redis; ${aPool}Write openRedisStores(client).`,
  },
  {
    mistake: "openMysqlStores of a pool with callbacks, from 'mysql2'",
    make: () => openMysqlStores(untyped(mysql.createPool('mysql://localhost/shop'))),
    says: 'openMysqlStores.pool: is a pool of mysql2 with callbacks; it must be a pool of mysql2/promise, with the method getConnection. Write pool.promise().',
  },
  {
    mistake: "openRedisStores('redis://localhost')",
    make: () => openRedisStores(untyped('redis://localhost')),
    says: 'openRedisStores.client: is a URL; it must be a client, pool, cluster or Sentinel of redis or ioredis, with the method sendCommand. Write createClient({ url }) of redis, or new Redis(url) of ioredis.',
  },
  {
    mistake: 'openSqliteStores(process.env.DATABASE), which is not set',
    make: () => openSqliteStores(untyped(undefined)),
    says: "database: is undefined; it must be the name of a file, or an open database. Write openSqliteStores('tokens.db').",
  },
  {
    mistake: 'prometheusMetrics({ register: promClient })',
    make: () => prometheusMetrics({ register: untyped(promClient) }),
    says: 'prometheusMetrics.register: is an object with a Registry of prom-client in its member register; it must be a Registry of prom-client. Write promClient.register.',
  },
]
