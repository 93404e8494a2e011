import { randomUUID } from 'node:crypto'
import { systemClock } from '../protocol/clock.js'
import { hashToken, type TokenHash } from '../protocol/token-hash.js'
import type {
  Authorization,
  ClientAccessTokenRecord,
  NewRefreshToken,
  NewTokens,
  RefreshTokenRotation,
  UserAccessTokenRecord,
} from '../stores/token-store.js'

/** When the suite was loaded, seconds since the epoch: its records are alive by the real clock, which a store may look at. */
export const startedAt: number = systemClock()

/** How long the records of the suite live from {@link startedAt}, seconds. */
export const lifetimes = { accessToken: 3600, refreshToken: 86_400, authorization: 2_592_000 } as const

/** What a sign-in stores. */
export interface SignIn extends NewTokens {
  readonly authorization: Authorization
  readonly accessToken: UserAccessTokenRecord
  readonly refreshToken: NewRefreshToken
}

/** What the client credentials grant stores. */
export interface ClientTokens extends NewTokens {
  readonly authorization: undefined
  readonly accessToken: ClientAccessTokenRecord
  readonly refreshToken: undefined
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
    createdAt: startedAt,
    expiresAt: startedAt + lifetimes.authorization,
    ...given,
  }
  return { authorization, accessToken: newAccessToken(authorization), refreshToken: newRefreshToken(authorization) }
}

/** A new token of the client itself. */
export function newClientTokens(given: Partial<ClientAccessTokenRecord> = {}): ClientTokens {
  const accessToken: ClientAccessTokenRecord = {
    tokenHash: newHash(),
    clientId: 'nightly-report',
    userId: undefined,
    authorizationId: undefined,
    scope: 'orders:read',
    issuedAt: startedAt,
    expiresAt: startedAt + lifetimes.accessToken,
    ...given,
  }
  return { authorization: undefined, accessToken, refreshToken: undefined }
}

/** A rotation of the sign-in's refresh token, or of a later one of it, with successors that no other rotation has. */
export function newRotation(
  { authorization, refreshToken }: SignIn,
  presented: TokenHash = refreshToken.tokenHash,
): RefreshTokenRotation {
  const accessToken = newAccessToken(authorization)
  return {
    presented,
    spending: {
      spentAt: startedAt + 60,
      successorNonce: randomUUID(),
      accessTokenScope: accessToken.scope,
      accessTokenExpiresAt: accessToken.expiresAt,
    },
    accessToken,
    refreshToken: newRefreshToken(authorization),
  }
}

function newAccessToken({ authorizationId, userId, clientId, scope }: Authorization): UserAccessTokenRecord {
  const expiresAt = startedAt + lifetimes.accessToken
  return { tokenHash: newHash(), clientId, userId, authorizationId, scope, issuedAt: startedAt, expiresAt }
}

function newRefreshToken({ authorizationId, expiresAt: end }: Authorization): NewRefreshToken {
  const expiresAt = Math.min(startedAt + lifetimes.refreshToken, end)
  return { tokenHash: newHash(), authorizationId, issuedAt: startedAt, expiresAt }
}
