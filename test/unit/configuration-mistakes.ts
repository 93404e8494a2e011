import { bcryptHasher, clientCredentialsGrant, type GrantHandler, type PasswordHasher } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'

/** One mistake: the option, a wrong value for it, and what the message must name and say. */
export type Mistake = readonly [given: Record<string, unknown>, option: string, says: RegExp]

/** What sound options are made of. */
export const { clients, tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
export const users = { findUserByUsername: () => undefined, findUser: () => undefined }
export const soundHasher: PasswordHasher = {
  hash: async () => 'hash',
  verify: async () => false,
  verifyNobody: async () => undefined,
  needsRehash: () => false,
}
export const grantOf = (grantType: unknown): GrantHandler => ({
  ...clientCredentialsGrant(),
  grantType: grantType as string,
})

const lifetimes = ['accessTokenLifetimeSeconds', 'refreshTokenLifetimeSeconds', 'authorizationLifetimeSeconds']
const noLifetimes = [0, -1, 1.5, NaN, Infinity, 2 ** 53, '3600', null]
const noFlags = ['no', 0, 1, null]
const without = (method: keyof typeof tokens): object => ({
  saveTokens: () => undefined,
  findAccessToken: () => undefined,
  findRefreshToken: () => undefined,
  rotateRefreshToken: () => ({ outcome: 'gone' }),
  revokeAccessToken: () => undefined,
  revokeTokens: () => 0,
  revokeSignedToken: () => undefined,
  isSignedTokenRevoked: () => true,
  findAuthorization: () => undefined,
  listAuthorizations: () => [],
  prune: () => 0,
  [method]: undefined,
})

export const wrongServer: readonly Mistake[] = [
  [{ isuer: 'https://api.example.com' }, 'createAuthorizationServer.isuer', /is not an option.*Known options: issuer,/],
  ...[undefined, null, 7, '', 'api.example.com', '/oauth', ' https://api.example.com', 'https://a b'].map(
    (issuer) => [{ issuer }, 'issuer', /is not a URL.*https:\/\/api\.example\.com/] as const,
  ),
  ...[
    'http://api.example.com',
    'http://localhost.example.com',
    'http://127.example.com',
    'http://192.0.2.1',
    'ftp://localhost',
    'javascript:0',
  ].map((issuer) => [{ issuer }, 'issuer', /must be https/] as const),
  [{ issuer: 'https://api.example.com?a=b' }, 'issuer', /no query and no fragment/],
  [{ issuer: 'https://api.example.com#' }, 'issuer', /no query and no fragment/],
  ...['me:secret', 'me', ':secret'].map(
    (user) => [{ issuer: `https://${user}@api.example.com` }, 'issuer', /no credentials/] as const,
  ),
  ...[undefined, null, {}, 'clients', []].map(
    (clients) => [{ clients }, 'clients', /must be a ClientStore.*Write .*clients/] as const,
  ),
  [{ clients: { findClient: () => undefined, replaceClient: true } }, 'clients.replaceClient', /must be a function/],
  [{ tokens: undefined }, 'tokens', /is undefined.*saveTokens/],
  ...(
    [
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
    ] as const
  ).map((method) => [{ tokens: without(method) }, 'tokens', new RegExp(`without the method ${method};`)] as const),
  [{ tokens: Object.assign(Object.create(tokens) as object, { prune: 60 }) }, 'tokens.prune', /function/],
  [{ resources: [{ resource: 'orders' }] }, 'resources[0].resource', /must be an absolute URI without fragment/],
  [
    { resources: [{ resource: 'https://api.example.com/#x' }] },
    'resources[0].resource',
    /must be an absolute URI without fragment/,
  ],
  [{ resources: [{ resource: 'urn:a' }, { resource: 'urn:a' }] }, 'resources[1]', /listed twice/],
  [{ resources: [{ resource: 'urn:a', scope: [] }] }, 'resources[0].scope', /is not an option/],
  [{ resources: [{ resource: 'urn:a', scopes: ['unheard:of'] }] }, 'resources[0].scopes', /has unheard:of/],
  [{ accessTokenFormat: 'JWT' }, 'accessTokenFormat', /must be 'opaque' or 'jwt'/],
  [{ accessTokenFormat: 'jwt', resources: [{ resource: 'urn:a' }] }, 'signingKeys', /is missing for JWT/],
  [{ resources: [{ resource: 'urn:a', accessTokenFormat: 'jwt' }] }, 'signingKeys', /is missing for JWT/],
  [{ signingKeys: { current: () => undefined } }, 'resources', /is missing for JWT/],
  [{ signingKeys: 'key.pem', resources: [{ resource: 'urn:a' }] }, 'signingKeys', /loadSigningKeys/],
  [{ accessTokenClaims: {} }, 'accessTokenClaims', /function/],
  [{ partyCheckSeconds: -1 }, 'partyCheckSeconds', /whole number from 0 to 3600/],
  [{ partyCheckSeconds: true }, 'partyCheckSeconds', /whole number from 0 to 3600/],
  [{ checkRevocation: 'no' }, 'checkRevocation', /true or false/],
  [{ jwksMaxAgeSeconds: -1 }, 'jwksMaxAgeSeconds', /whole number/],
  ...['revocationPath', 'introspectionPath', 'jwksPath'].map(
    (name) => [{ [name]: 'oauth/x' }, name, /begins with a slash/] as const,
  ),
  ...[undefined, null, 'orders:read', new Set(['orders:read'])].map(
    (scopes) => [{ scopes }, 'scopes', /must be a list of scope tokens/] as const,
  ),
  [{ scopes: [] }, 'scopes', /is empty\. List every scope/],
  ...['', 'a b', 'a"b', 'a\\b', 'é', 'a\n', 7, null, undefined].map(
    (scope) => [{ scopes: ['orders:read', scope] }, 'scopes[1]', /must be a scope token.*printable ASCII/] as const,
  ),
  ...[undefined, null, [], 'password', clientCredentialsGrant()].map(
    (grants) => [{ grants }, 'grants', /is not a list, or empty.*clientCredentialsGrant/] as const,
  ),
  ...[undefined, null, 'password', clientCredentialsGrant, {}].map(
    (grant) => [{ grants: [clientCredentialsGrant(), grant] }, 'grants[1]', /must be a GrantHandler/] as const,
  ),
  ...[undefined, null, 7, '', 'my_grant', 'Password', '/grants/card', ' urn:example:card', 'urn:example:a b'].map(
    (grantType) => [{ grants: [grantOf(grantType)] }, 'grants[0].grantType', /absolute URI.*urn:example/] as const,
  ),
  [{ grants: [{ ...grantOf('urn:example:a'), confirmUser: true }] }, 'grants[0].confirmUser', /must be a function/],
  [{ grants: [grantOf('urn:a:b'), grantOf('urn:a:b')] }, 'grants[1]', /urn:a:b for the second time.*once/],
  ...[null, {}, 'none'].map(
    (clientAuthMethods) => [{ clientAuthMethods }, 'clientAuthMethods', /is not a list.*built-in/] as const,
  ),
  [
    { clientAuthMethods: [{ name: 'x' }] },
    'clientAuthMethods[0]',
    /without the methods readCredentials and verifyCredentials/,
  ],
  [
    { clientAuthMethods: [{ readCredentials: () => undefined, verifyCredentials: () => false }] },
    'clientAuthMethods[0].name',
    /is missing.*authMethods/,
  ],
  ...['', 'oauth/token', '/token?a', '/token#a', 7, null, ['/token']].map(
    (tokenPath) => [{ tokenPath }, 'tokenPath', /begins with a slash/] as const,
  ),
  ...lifetimes.flatMap((name) =>
    noLifetimes.map((seconds) => [{ [name]: seconds }, name, /must be a whole number of 1 or more/] as const),
  ),
  ...['allow', '', null, true, ['drop']].map(
    (excessScope) => [{ excessScope }, 'excessScope', /must be 'refuse' or 'drop'/] as const,
  ),
  ...['', 'a"b', 'a\\b', 'café', 'a\r\nb', null, 7].map((realm) => [{ realm }, 'realm', /printable ASCII/] as const),
  ...noFlags.map((requireTls) => [{ requireTls }, 'requireTls', /must be true or false/] as const),
  ...[null, {}, 'bcrypt', bcryptHasher].map(
    (secretHasher) => [{ secretHasher }, 'secretHasher', /must be a PasswordHasher/] as const,
  ),
  ...[null, {}, 'log'].map((onEvent) => [{ onEvent }, 'onEvent', /must be a function/] as const),
  ...[-1, 0.5, '60', null, 301].map(
    (clockSkewSeconds) => [{ clockSkewSeconds }, 'clockSkewSeconds', /whole number from 0 to 300/] as const,
  ),
  ...[0, 0.5, '60', null].map(
    (longestAccessTokenSeconds) =>
      [{ longestAccessTokenSeconds }, 'longestAccessTokenSeconds', /whole number from 1 to/] as const,
  ),
  [{ longestAccessTokenSeconds: 3599 }, 'longestAccessTokenSeconds', /less than accessTokenLifetimeSeconds, 3600/],
  ...[null, true, 'https'].map((isSecure) => [{ isSecure }, 'isSecure', /must be a function/] as const),
  ...[null, 1_800_000_000].map((clock) => [{ clock }, 'clock', /must be a function/] as const),
  ...[() => Date.now(), () => 1_800_000_000.5, () => NaN, () => '1800000000', () => undefined, () => -1].map(
    (clock) =>
      [
        { clock },
        'clock',
        /returns .*; must be a function that returns whole seconds since the epoch.*Date.now/,
      ] as const,
  ),
]

/** How often something may be done in a day. */
const wrongPaces = [0, 86_400_001, 0.5, NaN, Infinity, '10', null, false]

export const wrongPassword: readonly Mistake[] = [
  [{ user: users }, 'passwordGrant.user', /is not an option.*Known options: users,/],
  ...wrongPaces.map(
    (signInsPerDay) =>
      [{ users, signInsPerDay }, 'passwordGrant.signInsPerDay', /from 1 to 86400000.*Leave it out/] as const,
  ),
  ...[undefined, null, {}, 'users', { findUser: () => undefined }].map(
    (users) => [{ users }, 'passwordGrant.users', /must be a UserStore/] as const,
  ),
  [{ users: { findUserByUsername: () => undefined } }, 'passwordGrant.users', /without the method findUser;/],
  [{ users: { ...users, updatePasswordHash: true } }, 'passwordGrant.users.updatePasswordHash', /must be a function/],
  ...(['hash', 'verify', 'verifyNobody', 'needsRehash'] as const).map(
    (method) =>
      [
        { hasher: { ...soundHasher, [method]: undefined } },
        'passwordGrant.hasher',
        new RegExp(`without the method ${method};`),
      ] as const,
  ),
  [{ hasher: 'bcrypt' }, 'passwordGrant.hasher', /must be a PasswordHasher/],
  ...[null, 'orders:read'].map(
    (scopes) => [{ scopes }, 'passwordGrant.scopes', /must be a list of scope tokens/] as const,
  ),
  [{ scopes: ['orders:read orders:write'] }, 'passwordGrant.scopes[0]', /must be a scope token/],
  ...noFlags.map(
    (allowPublicClients) =>
      [{ allowPublicClients }, 'passwordGrant.allowPublicClients', /must be true or false/] as const,
  ),
  [{ users: { ...users, authenticateUser: true } }, 'passwordGrant.users', /must be a VerifyingUserStore/],
  [{ users: { authenticateUser: () => undefined } }, 'passwordGrant.users', /without the method findUser;/],
  ...['', '/move', 'mailto:me@example.com', 'javascript:0', null, 7, {}].map(
    (deprecationUrl) => [{ deprecationUrl }, 'passwordGrant.deprecationUrl', /must be an http or https URL/] as const,
  ),
]

export const wrongRefresh: readonly Mistake[] = [
  [{ grace: 5 }, 'refreshTokenGrant.grace', /is not an option.*Known options: graceSeconds/],
  ...[-1, 86_401, 0.5, NaN, Infinity, '10', null, true].map(
    (graceSeconds) =>
      [
        { graceSeconds },
        'refreshTokenGrant.graceSeconds',
        /from 0 to 86400.*(Leave it out for 10|If these are milliseconds, write \d)/,
      ] as const,
  ),
  ...wrongPaces.map(
    (refreshesPerDay) =>
      [{ refreshesPerDay }, 'refreshTokenGrant.refreshesPerDay', /from 1 to 86400000.*Leave it out/] as const,
  ),
]

export const wrongClient: readonly Mistake[] = [
  [{ clientSecret: 'hunter2' }, 'createClient.clientSecret', /the secret is generated/],
  [{ grantTypes: ['implicit'] }, 'createClient.grantTypes[0]', /must be a grant type\. Write authorization_code/],
  ...['', 'schlüssel', 'a\nb', 7, null].map((clientId) => [{ clientId }, 'createClient.clientId', /ASCII/] as const),
  ...['Public', '', null, true].map(
    (clientType) => [{ clientType }, 'createClient.clientType', /must be 'confidential' or 'public'/] as const,
  ),
  [{ name: 7 }, 'createClient.name', /must be a string/],
  ...[[], 'client_secret_post', null, [7], ['']].map(
    (authMethods) => [{ authMethods }, 'createClient.authMethods', /list of names/] as const,
  ),
  [{ authMethods: ['none'] }, 'createClient.authMethods', /cannot be none.*clientType: 'public'/],
  [
    { clientType: 'public', grantTypes: ['refresh_token'], authMethods: ['client_secret_basic'] },
    'createClient.authMethods',
    /can only be none/,
  ],
  [
    { clientType: 'public', grantTypes: ['refresh_token'], authMethods: ['none', 'client_secret_basic'] },
    'createClient.authMethods',
    /can only be none/,
  ],
  ...[undefined, null, [], 'client_credentials', [7], ['']].map(
    (grantTypes) => [{ grantTypes }, 'createClient.grantTypes', /list of names/] as const,
  ),
  [{ clientType: 'public' }, 'createClient.grantTypes', /cannot have client_credentials.*confidential/],
  [{ grantTypes: ['password'] }, 'createClient.grantTypes', /first-party clients only.*firstParty: true/],
  ...[undefined, null, 'orders:read'].map(
    (scopes) => [{ scopes }, 'createClient.scopes', /must be a list of scope tokens/] as const,
  ),
  [{ scopes: ['orders:read orders:write'] }, 'createClient.scopes[0]', /must be a scope token/],
  [{ defaultScopes: 'orders:read' }, 'createClient.defaultScopes', /must be a list of scope tokens/],
  [{ defaultScopes: [''] }, 'createClient.defaultScopes[0]', /must be a scope token/],
  [{ defaultScopes: ['profile'] }, 'createClient.defaultScopes', /goes beyond scopes.*both/],
  ...noFlags.map((firstParty) => [{ firstParty }, 'createClient.firstParty', /must be true or false/] as const),
  ...noFlags.map((disabled) => [{ disabled }, 'createClient.disabled', /must be true or false/] as const),
  ...['passwordGrantDeprecatedAt', 'passwordGrantSunsetAt'].flatMap((name) =>
    [-1, 1.5, NaN, '1800000000', null, new Date(), 1_800_000_000_000].map(
      (time) => [{ [name]: time }, `createClient.${name}`, /a time in whole seconds since the epoch/] as const,
    ),
  ),
  [
    { passwordGrantDeprecatedAt: 1_800_000_000, passwordGrantSunsetAt: 1_799_999_999 },
    'createClient.passwordGrantSunsetAt',
    /is earlier than the deprecation/,
  ],
  ...noFlags.map(
    (mayIntrospect) => [{ mayIntrospect }, 'createClient.mayIntrospect', /must be true or false/] as const,
  ),
  [
    { clientType: 'public', grantTypes: ['refresh_token'], mayIntrospect: true },
    'createClient.mayIntrospect',
    /is not allowed for a public client.*Make the client confidential/,
  ],
  [{ mayIntrospect: 1, grantTypes: [] }, 'createClient.mayIntrospect', /true or false/],
  ...['', [7], ['']].map(
    (grantTypes) => [{ mayIntrospect: true, grantTypes }, 'createClient.grantTypes', /list of names/] as const,
  ),
  ...[{}, { mayIntrospect: false }].map(
    (may) =>
      [
        { ...may, introspectsFor: 'https://api.example.com' },
        'createClient.introspectsFor',
        /is for a client that may introspect.*Say mayIntrospect: true/,
      ] as const,
  ),
  [{ mayIntrospect: true, introspectsFor: 7 }, 'createClient.introspectsFor', /must be a string/],
  ...['', 'JWT', null, 7].map(
    (accessTokenFormat) =>
      [{ accessTokenFormat }, 'createClient.accessTokenFormat', /must be 'opaque' or 'jwt'.*Leave it out/] as const,
  ),
  ...[[], 'https://api.example.com', null, ['https://api.example.com', '']].map(
    (resources) => [{ resources }, 'createClient.resources', /list of names/] as const,
  ),
  ...lifetimes.flatMap((name) =>
    noLifetimes.map(
      (seconds) => [{ [name]: seconds }, `createClient.${name}`, /must be a whole number of 1 or more/] as const,
    ),
  ),
]

export const wrongGuard: readonly Mistake[] = [
  [{ scopes: 'orders:read' }, 'requireBearer.scopes', /is not an option.*Known options: scope,/],
  ...[null, 7, {}].map((scope) => [{ scope }, 'requireBearer.scope', /must be a list of scope tokens/] as const),
  ...['', ' orders:read', ['']].map((scope) => [{ scope }, 'requireBearer.scope[0]', /must be a scope token/] as const),
  ...['orders:read  orders:write', ['orders:read', null]].map(
    (scope) => [{ scope }, 'requireBearer.scope[1]', /must be a scope token/] as const,
  ),
  [{ scope: 'orders:delete' }, 'requireBearer.scope', /asks for orders:delete, which no token can have.*Add it/],
  [{ scope: '__proto__' }, 'requireBearer.scope', /asks for __proto__/],
  [{ anyScope: 'orders:read' }, 'requireBearer.anyScope', /must be a list of scope tokens/],
  [{ anyScope: ['orders:read orders:write'] }, 'requireBearer.anyScope[0]', /must be a scope token/],
  [{ anyScope: ['orders:read', 'orders:delete'] }, 'requireBearer.anyScope', /asks for orders:delete/],
  ...['users', '', null, true].map(
    (whom) => [{ for: whom }, 'requireBearer.for', /must be 'user' or 'client'/] as const,
  ),
  ...noFlags.map((optional) => [{ optional }, 'requireBearer.optional', /must be true or false/] as const),
]
