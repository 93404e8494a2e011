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
import * as find from './find-tokens.js'
import type { RedisConnection } from './redis-connection.js'
import type { RedisKeys } from './redis-keys.js'
import * as revoke from './revoke-tokens.js'
import * as save from './save-tokens.js'
import type { TokenScripts } from './token-script.js'

/**
 * Stores tokens in Redis, which removes by itself what has expired: there is nothing to prune.
 *
 * Each method is one script, which is one atomic step. It stands right before the function that runs it: in `find-tokens.ts`,
 * `save-tokens.ts` (which rotates, too) and `revoke-tokens.ts`. What scripts share is in `token-script.ts`.
 */
export class RedisTokenStore implements TokenStore {
  readonly isShared = true as const
  readonly #scripts: TokenScripts

  constructor(connection: RedisConnection, keys: RedisKeys, clock: Clock) {
    this.#scripts = { connection, keys, clock }
  }

  saveTokens(tokens: NewTokens): Promise<void> {
    return save.saveTokens(this.#scripts, tokens)
  }

  findAccessToken(tokenHash: TokenHash): Promise<AccessTokenRecord | undefined> {
    return find.findAccessToken(this.#scripts, tokenHash)
  }

  findRefreshToken(tokenHash: TokenHash): Promise<RefreshTokenRecord | undefined> {
    return find.findRefreshToken(this.#scripts, tokenHash)
  }

  whyNotFound(tokenHash: TokenHash): Promise<'revoked' | undefined> {
    return find.whyNotFound(this.#scripts, tokenHash)
  }

  rotateRefreshToken(rotation: RefreshTokenRotation): Promise<RotationOutcome> {
    return save.rotateRefreshToken(this.#scripts, rotation)
  }

  claimLateRetry(tokenHash: TokenHash, at: number): Promise<boolean> {
    return save.claimLateRetry(this.#scripts, tokenHash, at)
  }

  revokeAccessToken(tokenHash: TokenHash): Promise<void> {
    return revoke.revokeAccessToken(this.#scripts, tokenHash)
  }

  revokeSignedToken(tokenId: string, expiresAt: number): Promise<void> {
    return revoke.revokeSignedToken(this.#scripts, tokenId, expiresAt)
  }

  isSignedTokenRevoked(token: SignedTokenId): Promise<boolean> {
    return find.isSignedTokenRevoked(this.#scripts, token)
  }

  findAuthorization(authorizationId: string): Promise<Authorization | undefined> {
    return find.findAuthorization(this.#scripts, authorizationId)
  }

  listAuthorizations(userId: string): Promise<readonly ListedAuthorization[]> {
    return find.listAuthorizations(this.#scripts, userId)
  }

  revokeTokens(selection: RevocationSelection): Promise<number> {
    return revoke.revokeTokens(this.#scripts, selection)
  }
}
