import type { TokenHash } from '../../crypto/hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  ListedAuthorization,
  NewRefreshToken,
  NewTokens,
  RefreshTokenRotation,
  RevocationSelection,
  UserAccessTokenRecord,
} from '../token-store.js'
import { ClientShares } from './client-share.js'
import { LatelyRevoked } from './revoked-tokens.js'
import { MapWalk } from './map-walk.js'
import { StoredClientToken, StoredUserToken, type StoredAccessToken } from './stored-access-token.js'
import { StoredAuthorization, type StoredRefreshToken } from './stored-authorization.js'
import { UserIndex } from './user-index.js'

/** The records that one step of a pruning visits. */
const recordsInStep = 1000
/** The most spent tokens of a sign-in that one visit removes. */
const spentTokensInStep = 1000

/** The Maps of the memory store. An ended authorization leaves its Map with its refresh tokens; its access tokens follow. */
export class StoredTokens {
  readonly #accessTokens = new Map<TokenHash, StoredAccessToken>()
  readonly #refreshTokens = new Map<TokenHash, StoredRefreshToken>()
  readonly #authorizations = new Map<string, StoredAuthorization>()
  readonly #accessTokenWalk = new MapWalk(this.#accessTokens)
  readonly #authorizationWalk = new MapWalk(this.#authorizations)
  readonly #users = new UserIndex()
  readonly #shares = new ClientShares()
  readonly #latelyRevoked = new LatelyRevoked()

  /** The number of access and refresh tokens, or of authorizations if they are more: JWTs are not stored. */
  get count(): number {
    return Math.max(this.#accessTokens.size + this.#refreshTokens.size, this.#authorizations.size)
  }

  /** The same for one client. */
  countOf(clientId: string): number {
    return this.#shares.countOf(clientId)
  }

  save(tokens: NewTokens): void {
    this.#requireNew(tokens)
    if (tokens.authorization === undefined) {
      const share = this.#shares.of(tokens.accessToken.clientId)
      this.#addAccessToken(new StoredClientToken(tokens.accessToken, share))
      return
    }
    const { accessToken, accessTokenExpiresAt, refreshToken } = tokens
    const owner = this.#begin(tokens.authorization)
    this.#addUserToken(owner, accessToken, accessTokenExpiresAt)
    if (refreshToken !== undefined) this.#addRefreshToken(owner, refreshToken)
  }

  findAccessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    const token = this.#accessTokens.get(tokenHash)
    return token?.isRevoked === true ? undefined : token
  }

  findRefreshToken(tokenHash: TokenHash): StoredRefreshToken | undefined {
    const token = this.#refreshTokens.get(tokenHash)
    return token?.authorization.hasEnded === true ? undefined : token
  }

  /** Returns whether a token that is not found is known as revoked. */
  isRevoked(tokenHash: TokenHash): boolean {
    if (this.#latelyRevoked.has(tokenHash)) return true
    return (
      this.#accessTokens.get(tokenHash)?.isRevoked === true ||
      this.#refreshTokens.get(tokenHash)?.authorization.hasEnded === true
    )
  }

  findAuthorization(authorizationId: string): Authorization | undefined {
    return this.#findAlive(authorizationId)?.record
  }

  listAuthorizations(userId: string): readonly ListedAuthorization[] {
    const listed = this.#users.of(userId).map((authorization) => authorization.toListed())
    return listed.sort((a, b) => b.lastUsedAt - a.lastUsedAt)
  }

  /** Spends an unspent token. */
  replace(presented: StoredRefreshToken, rotation: RefreshTokenRotation, now: number): void {
    const { spending, accessToken, refreshToken } = rotation
    this.#requireNew({ accessToken, refreshToken })
    const owner = presented.authorization
    presented.spend(rotation)
    owner.lastUsedAt = spending.spentAt
    this.#addUserToken(owner, accessToken, spending.accessTokenExpiresAt)
    this.#addRefreshToken(owner, refreshToken)
    // Two for one that is added, so that imported and expired ones are removed too, without delaying a rotation.
    this.#dropSpentTokens(owner, now, 2)
  }

  revokeAccessToken(tokenHash: TokenHash): void {
    const token = this.#accessTokens.get(tokenHash)
    if (token === undefined) return
    this.#latelyRevoked.add(tokenHash)
    this.#remove(token)
  }

  /** Revokes a selection: in proportion to the sign-ins of a user, and in constant time for a client or everything. */
  revoke(selection: RevocationSelection): number {
    if ('clientId' in selection) return this.#shares.revoke(selection.clientId)
    if ('everything' in selection) return this.#shares.revokeAll()
    const authorizations = this.#select(selection)
    for (const authorization of authorizations) {
      const { oldestRefreshToken } = authorization
      for (let token = oldestRefreshToken; token !== undefined; token = token.successor)
        this.#latelyRevoked.add(token.tokenHash)
      this.#end(authorization)
    }
    return authorizations.length
  }

  /** Prunes in steps of a bounded size. Yields the number of removed records after each step. */
  *prune(now: number): Generator<number, void> {
    let removed = 0
    let visited = 0
    // Sign-ins again at the end: one may have lost its only access token.
    for (const map of [this.#authorizations, this.#accessTokens, this.#authorizations]) {
      for (const record of map.values()) {
        removed += record instanceof StoredAuthorization ? this.#prune(record, now) : this.#removeIfDead(record, now)
        visited += 1
        if (visited % recordsInStep > 0) continue
        yield removed
        removed = 0
      }
    }
    this.#accessTokenWalk.restart()
    this.#authorizationWalk.restart()
    yield removed
  }

  /**
   * Prunes a few records. Called before each insert, it keeps the Maps free of expired records at a constant cost: it visits two records of a
   * kind for one that is added, and more if there is no room.
   */
  sweep(now: number, count = 2): void {
    this.#accessTokenWalk.visit(count, (token) => this.#removeIfDead(token, now))
    this.#authorizationWalk.visit(count, (authorization) => this.#tidy(authorization, now))
  }

  #findAlive(authorizationId: string): StoredAuthorization | undefined {
    const authorization = this.#authorizations.get(authorizationId)
    return authorization?.hasEnded === true ? undefined : authorization
  }

  #select(
    selection: Exclude<RevocationSelection, { clientId: string } | { everything: true }>,
  ): readonly StoredAuthorization[] {
    if ('userId' in selection) {
      const { userId, exceptAuthorizationId } = selection
      return this.#users.of(userId).filter(({ record }) => record.authorizationId !== exceptAuthorizationId)
    }
    const authorization = this.#findAlive(selection.authorizationId)
    return authorization === undefined ? [] : [authorization]
  }

  #begin(record: Authorization): StoredAuthorization {
    const stored = new StoredAuthorization(record, this.#shares.of(record.clientId))
    stored.share.authorizations += 1
    this.#authorizations.set(record.authorizationId, stored)
    this.#users.add(stored)
    return stored
  }

  #addUserToken(owner: StoredAuthorization, token: UserAccessTokenRecord | undefined, expiresAt: number): void {
    if (token === undefined) {
      owner.signedTokensUntil = Math.max(owner.signedTokensUntil, expiresAt)
      return
    }
    this.#addAccessToken(new StoredUserToken(token, owner))
    owner.accessTokens += 1
  }

  #addAccessToken(token: StoredAccessToken): void {
    this.#accessTokens.set(token.tokenHash, token)
    token.share.tokens += 1
  }

  #addRefreshToken(owner: StoredAuthorization, token: NewRefreshToken): void {
    this.#refreshTokens.set(token.tokenHash, owner.addRefreshToken(token))
    owner.share.tokens += 1
  }

  #requireNew({ authorization, accessToken, refreshToken }: Partial<NewTokens>): void {
    const exists =
      (authorization !== undefined && this.#authorizations.has(authorization.authorizationId)) ||
      (accessToken !== undefined && this.#accessTokens.has(accessToken.tokenHash)) ||
      (refreshToken !== undefined && this.#refreshTokens.has(refreshToken.tokenHash))
    if (exists) throw new Error('The token hash or the authorization exists already')
  }

  #remove(token: StoredAccessToken): void {
    this.#accessTokens.delete(token.tokenHash)
    if (token.authorization !== undefined) token.authorization.accessTokens -= 1
    token.share.tokens -= 1
    this.#shares.tidy(token.clientId)
  }

  #removeIfDead(token: StoredAccessToken, now: number): number {
    if (token.expiresAt > now && !token.isRevoked) return 0
    if (token.isRevoked) this.#latelyRevoked.add(token.tokenHash)
    this.#remove(token)
    return 1
  }

  #prune(authorization: StoredAuthorization, now: number): number {
    // Earlier nonces are forgotten when their successor is spent.
    authorization.newestRefreshToken?.predecessor?.forgetNonce(now)
    return this.#tidy(authorization, now)
  }

  /** Ends an unusable sign-in, or removes what need not be kept of it. Returns the number of removed records. */
  #tidy(authorization: StoredAuthorization, now: number): number {
    if (!authorization.isUsable(now)) return this.#end(authorization)
    return this.#dropSpentTokens(authorization, now, spentTokensInStep)
  }

  #dropSpentTokens(authorization: StoredAuthorization, now: number, atMost: number): number {
    for (let dropped = 0; dropped < atMost; dropped++) {
      const token = authorization.dropSpentToken(now)
      if (token === undefined) return dropped
      this.#refreshTokens.delete(token.tokenHash)
      authorization.share.tokens -= 1
    }
    return atMost
  }

  #end(authorization: StoredAuthorization): number {
    const { share, record } = authorization
    let removed = 1
    authorization.end()
    this.#authorizations.delete(record.authorizationId)
    this.#users.remove(authorization)
    for (let token = authorization.oldestRefreshToken; token !== undefined; token = token.successor) {
      this.#refreshTokens.delete(token.tokenHash)
      removed += 1
    }
    share.authorizations -= 1
    share.tokens -= removed - 1
    this.#shares.tidy(record.clientId)
    return removed
  }
}
