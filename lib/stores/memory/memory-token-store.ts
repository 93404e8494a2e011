import { ConfigurationError } from '../../errors/configuration-error.js'
import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'
import { systemClock, type Clock } from '../../protocol/clock.js'
import type { TokenHash } from '../../protocol/token-hash.js'
import { pruneRegularly } from '../prune-regularly.js'
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
import { RevokedSignedTokens } from './revoked-signed-tokens.js'
import { StoredTokens } from './stored-tokens.js'

/** What a {@link MemoryTokenStore} can be told. */
export interface MemoryTokenStoreOptions {
  /**
   * Access tokens, refresh tokens and revoked JWTs together. When so many are alive, or so many authorizations, saving throws
   * `StoreUnavailableError`: a live token is never forgotten to make room. Default 1,000,000, about 250 MB; at most 16,000,000,
   * which is what one Map can hold.
   */
  readonly maxTokens?: number | undefined
  /** Seconds between two prunings, which free the memory of a store that is idle; 0 never prunes. Default 60. */
  readonly pruneIntervalSeconds?: number | undefined
  /** Default the clock of the machine. */
  readonly clock?: Clock | undefined
}

const tokensInOneMap = 16_000_000

/** Tokens in Maps, answered without promises. What it answers belongs to it; what it is given is copied. */
export class MemoryTokenStore implements TokenStore {
  readonly isVolatile = true as const
  readonly #tokens = new StoredTokens()
  readonly #revokedSignedTokens = new RevokedSignedTokens()
  readonly #maxTokens: number
  readonly #clock: Clock
  readonly #stopPruning: () => void
  #lastPrunedFull = 0

  constructor({ maxTokens = 1_000_000, pruneIntervalSeconds = 60, clock = systemClock }: MemoryTokenStoreOptions = {}) {
    requireWholeNumber('maxTokens', maxTokens, 1, tokensInOneMap)
    requireWholeNumber('pruneIntervalSeconds', pruneIntervalSeconds, 0, 86_400)
    this.#maxTokens = maxTokens
    this.#clock = clock
    this.#stopPruning =
      pruneIntervalSeconds === 0
        ? () => undefined
        : pruneRegularly(this, { intervalSeconds: pruneIntervalSeconds, clock })
  }

  saveTokens(tokens: NewTokens): void {
    if (!this.#hasRoomFor(tokens)) throw storeIsFull(this.#maxTokens)
    this.#tokens.save(tokens)
  }

  findAccessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    return this.#tokens.findAccessToken(tokenHash)
  }

  findRefreshToken(tokenHash: TokenHash): RefreshTokenRecord | undefined {
    return this.#tokens.findRefreshToken(tokenHash)?.toRecord()
  }

  rotateRefreshToken(rotation: RefreshTokenRotation): RotationOutcome {
    // Makes room before it looks: what could be pruned to make room must not be spent.
    const hasRoom = this.#hasRoomFor(rotation)
    const presented = this.#tokens.findRefreshToken(rotation.presented)
    if (presented === undefined) return { outcome: 'gone' }
    if (presented.spending !== undefined) return { outcome: 'already_spent', spending: presented.spending }
    if (!hasRoom) throw storeIsFull(this.#maxTokens)
    this.#tokens.replace(presented, rotation)
    return { outcome: 'rotated' }
  }

  revokeAccessToken(tokenHash: TokenHash): void {
    this.#tokens.removeAccessToken(tokenHash)
  }

  revokeSignedToken(tokenId: string, expiresAt: number): void {
    if (!this.#hasRoomFor({})) throw storeIsFull(this.#maxTokens)
    this.#revokedSignedTokens.add(tokenId, expiresAt)
  }

  isSignedTokenRevoked({ tokenId, authorizationId }: SignedTokenId): boolean {
    if (authorizationId !== undefined && this.findAuthorization(authorizationId) === undefined) return true
    return this.#revokedSignedTokens.has(tokenId)
  }

  findAuthorization(authorizationId: string): Authorization | undefined {
    return this.#tokens.findAuthorization(authorizationId)
  }

  listAuthorizations(userId: string): readonly ListedAuthorization[] {
    return this.#tokens.listAuthorizations(userId)
  }

  revokeTokens(selection: RevocationSelection): number {
    return this.#tokens.revoke(selection)
  }

  prune(now: number): number {
    return this.#tokens.prune(now) + this.#revokedSignedTokens.prune(now)
  }

  /** Stops the timer; the store still works. */
  close(): void {
    this.#stopPruning()
  }

  #hasRoomFor({ accessToken, refreshToken }: Partial<NewTokens>): boolean {
    const count = accessToken === undefined || refreshToken === undefined ? 1 : 2
    const now = this.#clock()
    this.#tokens.sweep(now)
    this.#revokedSignedTokens.sweep(now)
    if (this.#count() + count <= this.#maxTokens) return true
    // Pruning visits every token: when all of them live, doing so for every request would stop the server.
    if (now !== this.#lastPrunedFull) this.prune(now)
    this.#lastPrunedFull = now
    return this.#count() + count <= this.#maxTokens
  }

  #count(): number {
    return this.#tokens.count + this.#revokedSignedTokens.count
  }
}

function storeIsFull(maxTokens: number): StoreUnavailableError {
  return new StoreUnavailableError(`The memory store holds ${maxTokens} live tokens (maxTokens)`)
}

function requireWholeNumber(option: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  throw new ConfigurationError(option, `is ${String(value)}`, `Use a whole number from ${least} to ${most}`)
}
