import { randomUUID } from 'node:crypto'
import { systemClock } from '../time/clock.js'
import { hashToken, type TokenHash } from '../crypto/hash.js'
import type {
  Authorization,
  ClientAccessTokenRecord,
  NewClientTokens,
  NewRefreshToken,
  NewUserTokens,
  RefreshTokenRotation,
  RefreshTokenSpending,
  UserAccessTokenRecord,
} from '../stores/token-store.js'

/** When the suite was loaded, seconds since the epoch: its records are alive by the real clock, which a store may look at. */
export const startedAt: number = systemClock()

/** How long the records of the suite live from {@link startedAt}, seconds. */
export const lifetimes = { accessToken: 3600, refreshToken: 86_400, authorization: 2_592_000 } as const

/** What a sign-in with an opaque access token stores. */
export interface SignIn extends NewUserTokens {
  readonly accessToken: UserAccessTokenRecord
  readonly refreshToken: NewRefreshToken
}

/** What a sign-in with a JWT stores. */
export interface SignedSignIn extends NewUserTokens {
  readonly accessToken: undefined
  readonly refreshToken: NewRefreshToken
}

/** A rotation that gives an opaque access token. */
export interface Rotation extends RefreshTokenRotation {
  readonly accessToken: UserAccessTokenRecord
}

/** A hash that no other record has. */
export function newHash(): TokenHash {
  return hashToken(randomUUID())
}

/** Treats a string as a hash, to see that a store compares hashes byte for byte. */
export function asHash(text: string): TokenHash {
  return text as TokenHash
}

/** A new sign-in of `alice` through the client `mobile-app`, but for what is given. */
export function newSignIn(given: Partial<Authorization> = {}): SignIn {
  const authorization: Authorization = {
    authorizationId: randomUUID(),
    userId: 'alice',
    clientId: 'mobile-app',
    grantType: 'password',
    scope: 'orders:read orders:write',
    audience: 'https://api.example/orders https://api.example/stock?a=1',
    deviceLabel: `Jo's phone`,
    createdAt: startedAt,
    expiresAt: startedAt + lifetimes.authorization,
    ...given,
  }
  const accessToken = newAccessToken(authorization)
  const { expiresAt: accessTokenExpiresAt } = accessToken
  return { authorization, accessToken, accessTokenExpiresAt, refreshToken: newRefreshToken(authorization) }
}

/** A new sign-in whose access token is a JWT. */
export function newSignedSignIn(given: Partial<Authorization> = {}): SignedSignIn {
  return { ...newSignIn(given), accessToken: undefined }
}

/** The sign-in with tokens that end at this second; its authorization may last. */
export function endingAt(expiresAt: number, { authorization, accessToken, refreshToken }: SignIn): SignIn {
  return {
    authorization,
    accessToken: { ...accessToken, expiresAt },
    accessTokenExpiresAt: expiresAt,
    refreshToken: { ...refreshToken, expiresAt },
  }
}

/** A new token of the client itself. */
export function newClientTokens(given: Partial<ClientAccessTokenRecord> = {}): NewClientTokens {
  const accessToken: ClientAccessTokenRecord = {
    tokenHash: newHash(),
    clientId: 'nightly-report',
    userId: undefined,
    authorizationId: undefined,
    scope: 'orders:read',
    audience: 'https://api.example/orders',
    issuedAt: startedAt,
    expiresAt: startedAt + lifetimes.accessToken,
    ...given,
  }
  return { authorization: undefined, accessToken, refreshToken: undefined }
}

/** A rotation of the sign-in's refresh token, or of a later one of it, with successors that no other rotation has. */
export function newRotation(
  { authorization, refreshToken }: Pick<SignIn, 'authorization' | 'refreshToken'>,
  presented: TokenHash = refreshToken.tokenHash,
): Rotation {
  const accessToken = newAccessToken(authorization)
  return {
    presented,
    spending: {
      spentAt: startedAt + 60,
      successorNonce: randomUUID(),
      accessTokenScope: accessToken.scope,
      accessTokenAudience: accessToken.audience,
      accessTokenExpiresAt: accessToken.expiresAt,
    },
    accessToken,
    refreshToken: newRefreshToken(authorization),
  }
}

/** What is left of a rotation once its successor was spent, too. */
export function overtaken(rotation: RefreshTokenRotation, next: RefreshTokenRotation): RefreshTokenSpending {
  const successorSpentAt = next.receivedAt ?? next.spending.spentAt * 1000
  return { ...rotation.spending, successorNonce: undefined, successorSpentAt }
}

function newAccessToken({ authorizationId, userId, clientId, scope }: Authorization): UserAccessTokenRecord {
  const [issuedAt, expiresAt] = [startedAt, startedAt + lifetimes.accessToken]
  // For one of the resources only: the audience of a token is not that of its authorization.
  const audience = 'https://api.example/stock?a=1'
  return { tokenHash: newHash(), clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt }
}

function newRefreshToken({ authorizationId, expiresAt: end }: Authorization): NewRefreshToken {
  const expiresAt = Math.min(startedAt + lifetimes.refreshToken, end)
  return { tokenHash: newHash(), authorizationId, issuedAt: startedAt, expiresAt, pacedUntil: 0 }
}
