import type { Clock } from '../../time/clock.js'
import type { MaybePromise } from '../../time/maybe-promise.js'
import type { TokenHash } from '../../crypto/hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  ListedAuthorization,
  NewTokens,
  PruneLimits,
  RefreshTokenRecord,
  RefreshTokenRotation,
  RevocationSelection,
  RotationOutcome,
  SignedTokenId,
  TokenStore,
} from '../token-store.js'
import { FindAuthorizations } from './find-authorizations.js'
import { FindTokens } from './find-tokens.js'
import { PruneTokens } from './prune-tokens.js'
import { RevokeTokens } from './revoke-tokens.js'
import { RotateRefreshToken } from './rotate-refresh-token.js'
import { SaveTokens } from './save-tokens.js'
import { SignedTokens } from './signed-tokens.js'
import type { SqliteConnection } from './sqlite-connection.js'

/** Tokens in SQLite, answered without promises. Each operation stands with its SQL in a file of its own. */
export class SqliteTokenStore implements TokenStore {
  readonly #find: FindTokens
  readonly #authorizations: FindAuthorizations
  readonly #signedTokens: SignedTokens
  readonly #save: SaveTokens
  readonly #rotate: RotateRefreshToken
  readonly #revoke: RevokeTokens
  readonly #prune: PruneTokens

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#find = new FindTokens(connection)
    this.#authorizations = new FindAuthorizations(connection)
    this.#signedTokens = new SignedTokens(connection)
    this.#save = new SaveTokens(connection)
    this.#rotate = new RotateRefreshToken(connection, this.#save)
    this.#revoke = new RevokeTokens(connection, clock)
    this.#prune = new PruneTokens(connection)
  }

  saveTokens(tokens: NewTokens): void {
    this.#save.all(tokens)
  }

  findAccessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    return this.#find.accessToken(tokenHash)
  }

  findRefreshToken(tokenHash: TokenHash): RefreshTokenRecord | undefined {
    return this.#find.refreshToken(tokenHash)
  }

  whyNotFound(tokenHash: TokenHash): 'revoked' | undefined {
    return this.#find.whyNotFound(tokenHash)
  }

  rotateRefreshToken(rotation: RefreshTokenRotation): RotationOutcome {
    return this.#rotate.rotate(rotation)
  }

  claimLateRetry(tokenHash: TokenHash, at: number): boolean {
    return this.#rotate.claimLateRetry(tokenHash, at)
  }

  revokeAccessToken(tokenHash: TokenHash): void {
    this.#revoke.accessToken(tokenHash)
  }

  revokeSignedToken(tokenId: string, expiresAt: number): void {
    this.#signedTokens.revoke(tokenId, expiresAt)
  }

  isSignedTokenRevoked(token: SignedTokenId): boolean {
    return this.#signedTokens.isRevoked(token)
  }

  findAuthorization(authorizationId: string): Authorization | undefined {
    return this.#authorizations.find(authorizationId)
  }

  listAuthorizations(userId: string): readonly ListedAuthorization[] {
    return this.#authorizations.ofUser(userId)
  }

  revokeTokens(selection: RevocationSelection): number {
    return this.#revoke.selected(selection)
  }

  /** In small steps, each atomic. A promise when there is more than a step to do: requests are served between two of them. */
  prune(now: number, limits?: PruneLimits): MaybePromise<number> {
    return this.#prune.prune(now, limits)
  }
}
