import type { Clock } from '../../time/clock.js'
import type { TokenHash } from '../../crypto/hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  ListedAuthorization,
  NewTokens,
  RefreshTokenRecord,
  RefreshTokenRotation,
  RevocationSelection,
  RotationOutcome,
  SignedTokenId,
  TokenStore,
} from '../token-store.js'
import { FindAuthorizations } from './find-authorizations.js'
import { FindTokens } from './find-tokens.js'
import type { RedisConnection } from './redis-connection.js'
import type { RedisKeys } from './redis-keys.js'
import { RevokeTokens } from './revoke-tokens.js'
import { RotateRefreshToken } from './rotate-refresh-token.js'
import { SaveTokens } from './save-tokens.js'
import { SignedTokens } from './signed-tokens.js'

/**
 * Tokens in Redis, which drops by itself what has expired: there is nothing to prune. Each operation is one script, which stands in a
 * file of its own.
 */
export class RedisTokenStore implements TokenStore {
  readonly isShared = true as const
  readonly #find: FindTokens
  readonly #authorizations: FindAuthorizations
  readonly #signedTokens: SignedTokens
  readonly #save: SaveTokens
  readonly #rotate: RotateRefreshToken
  readonly #revoke: RevokeTokens

  constructor(connection: RedisConnection, keys: RedisKeys, clock: Clock) {
    this.#find = new FindTokens(connection, keys)
    this.#authorizations = new FindAuthorizations(connection, keys)
    this.#signedTokens = new SignedTokens(connection, keys, clock)
    this.#save = new SaveTokens(connection, keys, clock)
    this.#rotate = new RotateRefreshToken(connection, keys, clock)
    this.#revoke = new RevokeTokens(connection, keys, clock)
  }

  saveTokens(tokens: NewTokens): Promise<void> {
    return this.#save.all(tokens)
  }

  findAccessToken(tokenHash: TokenHash): Promise<AccessTokenRecord | undefined> {
    return this.#find.accessToken(tokenHash)
  }

  findRefreshToken(tokenHash: TokenHash): Promise<RefreshTokenRecord | undefined> {
    return this.#find.refreshToken(tokenHash)
  }

  whyNotFound(tokenHash: TokenHash): Promise<'revoked' | undefined> {
    return this.#find.whyNotFound(tokenHash)
  }

  rotateRefreshToken(rotation: RefreshTokenRotation): Promise<RotationOutcome> {
    return this.#rotate.rotate(rotation)
  }

  claimLateRetry(tokenHash: TokenHash, at: number): Promise<boolean> {
    return this.#rotate.claimLateRetry(tokenHash, at)
  }

  revokeAccessToken(tokenHash: TokenHash): Promise<void> {
    return this.#revoke.accessToken(tokenHash)
  }

  revokeSignedToken(tokenId: string, expiresAt: number): Promise<void> {
    return this.#signedTokens.revoke(tokenId, expiresAt)
  }

  isSignedTokenRevoked(token: SignedTokenId): Promise<boolean> {
    return this.#signedTokens.isRevoked(token)
  }

  findAuthorization(authorizationId: string): Promise<Authorization | undefined> {
    return this.#authorizations.find(authorizationId)
  }

  listAuthorizations(userId: string): Promise<readonly ListedAuthorization[]> {
    return this.#authorizations.ofUser(userId)
  }

  revokeTokens(selection: RevocationSelection): Promise<number> {
    return this.#revoke.selected(selection)
  }
}
