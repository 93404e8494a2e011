import { generateKeyPairSync } from 'node:crypto'
import { createClient, loadSigningKeys, passwordGrant, refreshTokenGrant, storedSigningKeys } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { openRedisStores } from 'latchkey/stores/redis'
import { createClient as createRedisClient } from 'redis'
import type { Mistake } from '../mistakes.js'
import { serverWith, untyped } from './sound-server.js'

const { keys: store } = createMemoryStores({ pruneIntervalSeconds: 0 })
const users = { findUserByUsername: () => undefined, findUser: () => undefined }
const registration = { grantTypes: ['client_credentials'], scopes: ['orders:read'] }
const signingKeys = (): unknown => loadSigningKeys([generateKeyPairSync('ed25519').privateKey])

/** Options that are misspelt, missing, or out of range. */
export const wrongOptions: readonly Mistake[] = [
  {
    mistake: 'createAuthorizationServer({ accessTokenLifetime: 3600 })',
    make: () => serverWith({ accessTokenLifetime: 3600 }),
    says: 'createAuthorizationServer.accessTokenLifetime: is not an option. Did you mean accessTokenLifetimeSeconds? Known options: issuer, allowHttp, clients, tokens, scopes, grants, clientAuthMethods, resources, accessTokenFormat, signingKeys, accessTokenClaims, checkRevocation, partyCheckSeconds, tokenPath, revocationPath, introspectionPath, jwksPath, jwksMaxAgeSeconds, accessTokenLifetimeSeconds, refreshTokenLifetimeSeconds, longestAccessTokenSeconds, clockSkewSeconds, authorizationLifetimeSeconds, excessScope, realm, requireTls, throttle, secret, secretHasher, chosenClientSecrets, strict, onEvent, requestId, clientAddress, isSecure, requestTimeoutSeconds, rememberedJwts, clock.',
  },
  {
    mistake: 'passwordGrant({ user })',
    make: () => passwordGrant(untyped({ user: users })),
    says: 'passwordGrant.user: is not an option. Did you mean users? Known options: users, hasher, scopes, deviceLabel, allowPublicClients, deviceTokens, onTooManyFailures, deprecationUrl, signInsPerDay.',
  },
  {
    mistake: 'refreshTokenGrant({ grace: 5 })',
    make: () => refreshTokenGrant(untyped({ grace: 5 })),
    says: 'refreshTokenGrant.grace: is not an option. Did you mean graceSeconds? Known options: graceSeconds, refreshesPerDay.',
  },
  {
    mistake: 'no issuer',
    make: () => serverWith({ issuer: undefined }),
    says: 'issuer: is not a URL. Set it to the public base URL of this server, such as https://api.example.com.',
  },
  {
    mistake: 'issuer: process.env.HOST',
    make: () => serverWith({ issuer: 'api.example.com' }),
    says: 'issuer: is not a URL. Set it to the public base URL of this server, such as https://api.example.com.',
  },
  {
    mistake: 'no grants',
    make: () => serverWith({ grants: undefined }),
    says: 'grants: is not a list, or empty. List the grants to serve, such as clientCredentialsGrant().',
  },
  {
    mistake: "accessTokenLifetimeSeconds: '3600'",
    make: () => serverWith({ accessTokenLifetimeSeconds: '3600' }),
    says: "accessTokenLifetimeSeconds: is '3600', a string; must be a whole number of 1 or more. Leave it out for 3600.",
  },
  {
    mistake: 'accessTokenLifetimeSeconds: 3_600_000, which are milliseconds',
    make: (onEvent) => serverWith({ accessTokenLifetimeSeconds: 3_600_000, onEvent }),
    says: ['weak_settings: Weak settings: long_access_tokens'],
  },
  {
    mistake: "scopes: 'orders:read'",
    make: () => serverWith({ scopes: 'orders:read' }),
    says: "scopes: is 'orders:read', a string; must be a list of scope tokens. Write one scope token per entry, such as ['orders:read'].",
  },
  {
    mistake: "scopes: ['orders:read orders:write']",
    make: () => serverWith({ scopes: ['orders:read orders:write'] }),
    says: "scopes[0]: is 'orders:read orders:write', a string; must be a scope token. Use printable ASCII without spaces, quotes and backslashes.",
  },
  {
    mistake: 'clock: Date.now, which are milliseconds',
    make: () => serverWith({ clock: () => 1_800_000_000_000 }),
    says: 'clock: returns 1800000000000; must be a function that returns whole seconds since the epoch. Write () => Math.floor(Date.now() / 1000).',
  },
  {
    mistake: "requireBearer({ scope: 'orders:raed' })",
    make: () => serverWith({}).requireBearer({ scope: 'orders:raed' }),
    says: 'requireBearer.scope: asks for orders:raed, which no token can have. Add it to the scopes of the server, or correct it.',
  },
  {
    mistake: "accessTokenFormat: 'jwt' without signingKeys",
    make: () => serverWith({ accessTokenFormat: 'jwt', resources: [{ resource: 'https://api.example.com' }] }),
    says: 'signingKeys: is missing for JWT access tokens. Use loadSigningKeys or storedSigningKeys.',
  },
  {
    mistake: 'signingKeys without resources',
    make: () => serverWith({ signingKeys: signingKeys() }),
    says: 'resources: is missing for JWT access tokens. Name the API that they are for.',
  },
  {
    mistake: "createClient({ grantTypes: ['password'] }) without firstParty",
    make: () => createClient({ ...registration, grantTypes: ['password'] }),
    says: 'createClient.grantTypes: has password, for first-party clients only. Say firstParty: true if it is one.',
  },
  {
    mistake: 'createClient of a public client with client_credentials',
    make: () => createClient({ ...registration, clientType: 'public' }),
    says: 'createClient.grantTypes: of a public client cannot have client_credentials. Make the client confidential.',
  },
  {
    mistake: 'an RSA key of 1024 bits',
    make: () => loadSigningKeys([generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey]),
    says: 'signingKeys: a key is an RSA key of less than 2048 bits. Use 2048 bits or more.',
  },
  {
    mistake: 'a key on P-384',
    make: () => loadSigningKeys([generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey]),
    says: 'signingKeys: a key is on the curve secp384r1. Use P-256.',
  },
  {
    mistake: 'a short passphrase',
    make: () => storedSigningKeys({ store, passphrase: 'secret' }),
    says: 'storedSigningKeys.passphrase: is shorter than 16 characters. Use 32 random bytes in base64.',
  },
  {
    mistake: "keyPrefix: 'latchkey:', without braces",
    make: () => openRedisStores(createRedisClient(), { keyPrefix: 'latchkey:' }),
    says: "openRedisStores.keyPrefix: is 'latchkey:', a string; must have a hash tag. Put a word in braces, such as {latchkey}:, so that a cluster keeps all keys on one node.",
  },
]
