import { describeOptions, type DefaultedKinds } from '../../checks/describe-options.js'
import { clock, wholeNumber } from '../../checks/option-kind.js'
import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'
import type { Clock } from '../../time/clock.js'
import type { MaybePromise } from '../../time/maybe-promise.js'
import type { TokenHash } from '../../crypto/hash.js'
import { pruneRegularly } from '../prune-regularly.js'
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
import { RevokedSignedTokens } from './revoked-tokens.js'
import { StoredTokens } from './stored-tokens.js'

/** What a {@link MemoryTokenStore} can be told. */
export interface MemoryTokenStoreOptions {
  /**
   * The most access tokens, refresh tokens and revoked JWTs together, and the most authorizations. When the store is full, saving throws
   * `StoreUnavailableError`: a live token is never evicted. One client may hold half of them, and revoked JWTs half of them, so that neither
   * leaves no room for others. Default 1,000,000, about 250 MB; at most 16,000,000, which one Map can hold.
   */
  readonly maxTokens?: number | undefined
  /** Seconds between two prunings, which free the memory of an idle store. 0 never prunes. Default 60. */
  readonly pruneIntervalSeconds?: number | undefined
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined
}

export const memoryTokenStoreKinds: DefaultedKinds<MemoryTokenStoreOptions> = {
  // What one Map can hold.
  maxTokens: wholeNumber(1, 16_000_000).or(1_000_000),
  pruneIntervalSeconds: wholeNumber(0, 86_400).or(60),
  clock: clock(),
}

const description = describeOptions<MemoryTokenStoreOptions>()('MemoryTokenStore', memoryTokenStoreKinds)

/** The share of one client in a small store, where half would be too little. */
const leastShare = 8

/** The records of a kind that a request visits to find room in a full store. */
const visitsForRoom = 500

/** Stores tokens in Maps, without promises. It copies what it is given; do not change what it returns. */
export class MemoryTokenStore implements TokenStore {
  readonly isVolatile = true as const
  readonly #tokens = new StoredTokens()
  readonly #revokedSignedTokens = new RevokedSignedTokens()
  readonly #maxTokens: number
  readonly #maxShare: number
  readonly #clock: Clock
  readonly #stopPruning: () => void
  readonly #issuedUntil = new Map<string, number>()
  #everythingIssuedUntil = -Infinity
  /** A pruning that has stopped early. */
  #pruning: Iterator<number, void> | undefined = undefined

  constructor(options: MemoryTokenStoreOptions = {}) {
    const { maxTokens, pruneIntervalSeconds, clock } = description.read(options)
    this.#maxTokens = maxTokens
    this.#maxShare = Math.max(Math.floor(maxTokens / 2), leastShare)
    this.#clock = clock
    this.#stopPruning =
      pruneIntervalSeconds === 0
        ? () => undefined
        : pruneRegularly(this, { intervalSeconds: pruneIntervalSeconds, clock })
  }

  saveTokens(tokens: NewTokens): void {
    const { clientId } = tokens.authorization ?? tokens.accessToken
    const full = this.#findNoRoom(clientId, tokens)
    if (full !== undefined) throw full
    this.#tokens.save(tokens)
  }

  findAccessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    return this.#tokens.findAccessToken(tokenHash)
  }

  findRefreshToken(tokenHash: TokenHash): RefreshTokenRecord | undefined {
    return this.#tokens.findRefreshToken(tokenHash)?.toRecord()
  }

  whyNotFound(tokenHash: TokenHash): 'revoked' | undefined {
    return this.#tokens.isRevoked(tokenHash) ? 'revoked' : undefined
  }

  rotateRefreshToken(rotation: RefreshTokenRotation): RotationOutcome {
    const clientId = this.#tokens.findRefreshToken(rotation.presented)?.authorization.record.clientId
    if (clientId === undefined) return { outcome: 'gone' }
    // Make room before the look-up: a token that could be pruned must not be spent.
    const full = this.#findNoRoom(clientId, rotation)
    const presented = this.#tokens.findRefreshToken(rotation.presented)
    if (presented === undefined) return { outcome: 'gone' }
    if (presented.spending !== undefined) return { outcome: 'already_spent', spending: presented.spending }
    if (full !== undefined) throw full
    this.#tokens.replace(presented, rotation, this.#clock())
    return { outcome: 'rotated' }
  }

  claimLateRetry(tokenHash: TokenHash, at: number): boolean {
    return this.#tokens.findRefreshToken(tokenHash)?.claimLateRetry(at) ?? false
  }

  revokeAccessToken(tokenHash: TokenHash): void {
    this.#tokens.revokeAccessToken(tokenHash)
  }

  revokeSignedToken(tokenId: string, expiresAt: number): void {
    this.#sweep(2)
    if (!this.#hasRoom(1) || this.#revokedSignedTokens.count >= this.#maxShare) this.#sweep(visitsForRoom)
    if (!this.#hasRoom(1)) throw storeIsFull(this.#maxTokens)
    if (this.#revokedSignedTokens.count >= this.#maxShare) throw shareIsFull('that are revoked JWTs', this.#maxShare)
    this.#revokedSignedTokens.add(tokenId, expiresAt)
  }

  isSignedTokenRevoked({ tokenId, authorizationId, clientId, issuedAt }: SignedTokenId): boolean {
    if (authorizationId !== undefined) {
      // The authorization knows whether an earlier revocation ended it: one that began in the same second is not ended.
      if (this.findAuthorization(authorizationId) === undefined) return true
    } else if (issuedAt !== undefined) {
      const issuedUntil = clientId === undefined ? undefined : this.#issuedUntil.get(clientId)
      if (issuedAt <= Math.max(issuedUntil ?? -Infinity, this.#everythingIssuedUntil)) return true
    }
    return this.#revokedSignedTokens.has(tokenId)
  }

  findAuthorization(authorizationId: string): Authorization | undefined {
    return this.#tokens.findAuthorization(authorizationId)
  }

  listAuthorizations(userId: string): readonly ListedAuthorization[] {
    return this.#tokens.listAuthorizations(userId)
  }

  revokeTokens(selection: RevocationSelection): number {
    if ('clientId' in selection && selection.issuedUntil !== undefined) {
      const { clientId, issuedUntil } = selection
      this.#issuedUntil.set(clientId, Math.max(issuedUntil, this.#issuedUntil.get(clientId) ?? -Infinity))
    } else if ('everything' in selection && selection.issuedUntil !== undefined) {
      this.#everythingIssuedUntil = Math.max(this.#everythingIssuedUntil, selection.issuedUntil)
    }
    return this.#tokens.revoke(selection)
  }

  /** Prunes at once; with a budget in steps, so that requests are served between them. */
  prune(now: number): number
  prune(now: number, limits?: PruneLimits): MaybePromise<number>
  prune(now: number, { budgetMilliseconds }: PruneLimits = {}): MaybePromise<number> {
    if (budgetMilliseconds !== undefined) return this.#pruneWithin(budgetMilliseconds, now)
    let removed = this.#revokedSignedTokens.prune(now)
    for (const inStep of this.#tokens.prune(now)) removed += inStep
    return removed
  }

  /** Stops the timer; the store still works. */
  close(): void {
    this.#stopPruning()
  }

  async #pruneWithin(milliseconds: number, now: number): Promise<number> {
    const end = performance.now() + milliseconds
    let removed = this.#revokedSignedTokens.prune(now)
    // Continue a pruning that stopped early, instead of visiting the first records again.
    let isNew = this.#pruning === undefined
    for (;;) {
      this.#pruning ??= this.#tokens.prune(now)[Symbol.iterator]()
      const step = this.#pruning.next()
      if (step.done === true) {
        this.#pruning = undefined
        if (isNew) return removed
        isNew = true
      } else {
        removed += step.value
      }
      if (performance.now() >= end) return removed
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Returns why there is no room for a client's new tokens; `undefined` if there is. */
  #findNoRoom(clientId: string, { accessToken, refreshToken }: Partial<NewTokens>): StoreUnavailableError | undefined {
    const count = accessToken === undefined || refreshToken === undefined ? 1 : 2
    this.#sweep(2)
    const hasShare = (): boolean => this.#tokens.countOf(clientId) + count <= this.#maxShare
    if (hasShare() && this.#hasRoom(count)) return undefined
    this.#sweep(visitsForRoom)
    if (!this.#hasRoom(count)) return storeIsFull(this.#maxTokens)
    return hasShare() ? undefined : shareIsFull(`of the client ${JSON.stringify(clientId)}`, this.#maxShare)
  }

  #sweep(count: number): void {
    const now = this.#clock()
    this.#tokens.sweep(now, count)
    this.#revokedSignedTokens.sweep(now, count)
  }

  #hasRoom(count: number): boolean {
    return this.#tokens.count + this.#revokedSignedTokens.count + count <= this.#maxTokens
  }
}

function storeIsFull(maxTokens: number): StoreUnavailableError {
  return new StoreUnavailableError(`The memory store holds ${maxTokens} live tokens (maxTokens)`)
}

function shareIsFull(what: string, maxShare: number): StoreUnavailableError {
  return new StoreUnavailableError(
    `The memory store holds ${maxShare} live tokens ${what}, which is its share of maxTokens`,
  )
}
