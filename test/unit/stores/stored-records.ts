import { hashToken } from '../../../lib/crypto/hash.js'
import type { SigningKeyState, StoredSigningKey } from '../../../lib/stores/key-store.js'
import type { NewClientTokens } from '../../../lib/stores/token-store.js'

/** What a client gets: a token by this name that lives from second 0 until `expiresAt`. */
export function clientTokens(name: string, expiresAt: number): NewClientTokens {
  return {
    authorization: undefined,
    accessToken: {
      tokenHash: hashToken(name),
      clientId: 'nightly-report',
      userId: undefined,
      authorizationId: undefined,
      scope: 'orders:read',
      audience: 'https://api.example/orders',
      issuedAt: 0,
      expiresAt,
    },
    refreshToken: undefined,
  }
}

/** What a user gets: an access token until `expiresAt`, a refresh token until `refreshUntil`, a sign-in until `endsAt`. */
export function signIn(name: string, { expiresAt = 3600, refreshUntil = 86_400, endsAt = 2_592_000 } = {}) {
  const [authorizationId, userId, clientId] = [`authorization of ${name}`, name, 'mobile-app']
  const granted = { scope: 'orders:read', audience: 'https://api.example/orders' }
  return {
    authorization: {
      authorizationId,
      userId,
      clientId,
      grantType: 'password',
      ...granted,
      deviceLabel: undefined,
      createdAt: 0,
      expiresAt: endsAt,
    },
    accessToken: {
      tokenHash: hashToken(`access token of ${name}`),
      clientId,
      userId,
      authorizationId,
      ...granted,
      issuedAt: 0,
      expiresAt,
    },
    accessTokenExpiresAt: expiresAt,
    refreshToken: {
      tokenHash: hashToken(`refresh token of ${name}`),
      authorizationId,
      issuedAt: 0,
      expiresAt: refreshUntil,
    },
  }
}

/** A signing key in this state; no real one, because a store does not look into it. */
export function signingKey(state: SigningKeyState): StoredSigningKey {
  return { keyId: `key that is ${state}`, algorithm: 'ES256', state, encryptedPrivateKey: 'encrypted', since: 0 }
}

/** The exchange of a sign-in's refresh token for successors by this name. */
export function rotation({ authorization, refreshToken }: ReturnType<typeof signIn>, name: string) {
  const successors = signIn(name)
  const { authorizationId, userId } = authorization
  return {
    presented: refreshToken.tokenHash,
    spending: {
      spentAt: 1,
      successorNonce: name,
      accessTokenScope: 'orders:read',
      accessTokenAudience: 'https://api.example/orders',
      accessTokenExpiresAt: 3600,
    },
    accessToken: { ...successors.accessToken, authorizationId, userId },
    refreshToken: { ...successors.refreshToken, authorizationId },
  }
}
