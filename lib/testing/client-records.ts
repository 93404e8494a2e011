import type { ConfidentialClient, PublicClient } from '../stores/client-store.js'
import { startedAt } from './token-records.js'

/** A client with every field that a confidential client can have. */
export const fullClient: ConfidentialClient = {
  clientType: 'confidential',
  clientId: 'https://reports.example/client?a=1&b=ü',
  name: `Jo's "Reports" \\ 報告`,
  authMethods: ['client_secret_basic', 'client_secret_post'],
  secrets: [
    {
      secretId: '5d41402a',
      digest: 'sha256:PJkJr-wlNU1VHa4hWQuybjjVPyFzuNPcPu5MBH56scE',
      createdAt: startedAt - 86_400,
      lastUsedAt: startedAt - 3600,
    },
    { digest: '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', expiresAt: startedAt + 86_400 },
  ],
  grantTypes: ['client_credentials', 'password', 'refresh_token'],
  scopes: ['orders:write', 'orders:read', 'https://api.example/scope'],
  defaultScopes: ['orders:read'],
  firstParty: true,
  tellsUserAddress: true,
  passwordGrantDeprecatedAt: startedAt - 3600,
  passwordGrantSunsetAt: startedAt + 2_592_000,
  disabled: true,
  accessTokenFormat: 'jwt',
  resources: ['https://api.example/orders', 'https://api.example/stock?a=1'],
  mayIntrospect: true,
  introspectsFor: 'https://api.example/orders',
  accessTokenLifetimeSeconds: 300,
  refreshTokenLifetimeSeconds: 86_400,
  authorizationLifetimeSeconds: 2_592_000,
}

/** A client with nothing that may be absent, and with empty lists. */
export const sparseClient: PublicClient = {
  clientType: 'public',
  clientId: 'mobile-app',
  authMethods: ['none'],
  grantTypes: [],
  scopes: [],
}

/** A client whose values are the ones that are easily taken for absent. */
export const zeroClient: ConfidentialClient = {
  clientType: 'confidential',
  clientId: 'zero',
  name: '',
  authMethods: ['client_secret_basic'],
  secrets: [],
  grantTypes: ['client_credentials'],
  scopes: ['orders:read'],
  defaultScopes: [],
  firstParty: false,
  tellsUserAddress: false,
  disabled: false,
  accessTokenFormat: 'opaque',
  resources: [],
  mayIntrospect: false,
}
