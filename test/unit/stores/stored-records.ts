import { hashToken } from '../../../lib/protocol/token-hash.js'
import type { ClientAccessTokenRecord, NewTokens } from '../../../lib/stores/token-store.js'

/** What a client gets: a token by this name that lives from second 0 until `expiresAt`. */
export function clientTokens(name: string, expiresAt: number): NewTokens & { accessToken: ClientAccessTokenRecord } {
  return {
    authorization: undefined,
    accessToken: {
      tokenHash: hashToken(name),
      clientId: 'nightly-report',
      userId: undefined,
      authorizationId: undefined,
      scope: 'orders:read',
      issuedAt: 0,
      expiresAt,
    },
    refreshToken: undefined,
  }
}

/** What a user gets: an access token until `expiresAt`, a refresh token until `refreshUntil`, a sign-in until `endsAt`. */
export function signIn(name: string, { expiresAt = 3600, refreshUntil = 86_400, endsAt = 2_592_000 } = {}) {
  const [authorizationId, userId, clientId] = [`authorization of ${name}`, name, 'mobile-app']
  const fields = { clientId, userId, authorizationId, scope: 'orders:read', issuedAt: 0 }
  return {
    authorization: {
      authorizationId,
      userId,
      clientId,
      grantType: 'password',
      scope: 'orders:read',
      createdAt: 0,
      expiresAt: endsAt,
    },
    accessToken: { ...fields, tokenHash: hashToken(`access token of ${name}`), expiresAt },
    refreshToken: {
      tokenHash: hashToken(`refresh token of ${name}`),
      authorizationId,
      issuedAt: 0,
      expiresAt: refreshUntil,
    },
  }
}

/** The exchange of a sign-in's refresh token for successors by this name. */
export function rotation({ authorization, refreshToken }: ReturnType<typeof signIn>, name: string) {
  const successors = signIn(name)
  const { authorizationId, userId } = authorization
  return {
    presented: refreshToken.tokenHash,
    spending: { spentAt: 1, successorNonce: name, accessTokenScope: 'orders:read', accessTokenExpiresAt: 3600 },
    accessToken: { ...successors.accessToken, authorizationId, userId },
    refreshToken: { ...successors.refreshToken, authorizationId },
  }
}
