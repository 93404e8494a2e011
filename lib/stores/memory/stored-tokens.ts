import type { TokenHash } from '../../protocol/token-hash.js'
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
import { MapWalk } from './map-walk.js'
import { StoredClientToken, StoredUserToken, type StoredAccessToken } from './stored-access-token.js'
import { StoredAuthorization, StoredRefreshToken } from './stored-authorization.js'

/** The Maps of the memory store. An authorization leaves its Map when it ends, with its refresh tokens; its access tokens follow. */
export class StoredTokens {
  readonly #accessTokens = new Map<TokenHash, StoredAccessToken>()
  readonly #refreshTokens = new Map<TokenHash, StoredRefreshToken>()
  readonly #authorizations = new Map<string, StoredAuthorization>()
  readonly #accessTokenWalk = new MapWalk(this.#accessTokens)
  readonly #authorizationWalk = new MapWalk(this.#authorizations)

  /** Access and refresh tokens; authorizations when they are more, as they may be with JWTs, which are not stored. */
  get count(): number {
    return Math.max(this.#accessTokens.size + this.#refreshTokens.size, this.#authorizations.size)
  }

  save(tokens: NewTokens): void {
    this.#requireNew(tokens)
    if (tokens.authorization === undefined) {
      this.#accessTokens.set(tokens.accessToken.tokenHash, new StoredClientToken(tokens.accessToken))
      return
    }
    const { accessToken, accessTokenExpiresAt, refreshToken } = tokens
    const owner = this.#begin(tokens.authorization)
    this.#addAccessToken(owner, accessToken, accessTokenExpiresAt)
    if (refreshToken !== undefined) this.#addRefreshToken(owner, refreshToken)
  }

  findAccessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    const token = this.#accessTokens.get(tokenHash)
    return token?.authorization?.ended === true ? undefined : token
  }

  findRefreshToken(tokenHash: TokenHash): StoredRefreshToken | undefined {
    return this.#refreshTokens.get(tokenHash)
  }

  findAuthorization(authorizationId: string): Authorization | undefined {
    return this.#authorizations.get(authorizationId)?.record
  }

  /** Looks at every authorization: an index by user would cost memory for each sign-in. */
  listAuthorizations(userId: string): readonly ListedAuthorization[] {
    const listed: ListedAuthorization[] = []
    for (const authorization of this.#authorizations.values()) {
      if (authorization.record.userId === userId) listed.push(authorization.toListed())
    }
    return listed.sort((a, b) => b.lastUsedAt - a.lastUsedAt)
  }

  /** Spends a token that is unspent. */
  replace(presented: StoredRefreshToken, { spending, accessToken, refreshToken }: RefreshTokenRotation): void {
    this.#requireNew({ accessToken, refreshToken })
    const owner = presented.authorization
    presented.spending = { ...spending }
    owner.lastUsedAt = spending.spentAt
    this.#addAccessToken(owner, accessToken, spending.accessTokenExpiresAt)
    this.#addRefreshToken(owner, refreshToken)
  }

  removeAccessToken(tokenHash: TokenHash): void {
    const token = this.#accessTokens.get(tokenHash)
    if (token === undefined) return
    this.#accessTokens.delete(tokenHash)
    if (token.authorization !== undefined) token.authorization.accessTokens -= 1
  }

  revoke(selection: RevocationSelection): number {
    const before = this.#authorizations.size
    if ('authorizationId' in selection) {
      const authorization = this.#authorizations.get(selection.authorizationId)
      if (authorization !== undefined) this.#end(authorization)
      return before - this.#authorizations.size
    }
    for (const authorization of this.#authorizations.values()) {
      if (authorization.isSelected(selection)) this.#end(authorization)
    }
    if ('clientId' in selection || 'everything' in selection) {
      for (const { tokenHash, authorization, clientId } of this.#accessTokens.values()) {
        if (authorization !== undefined) continue
        if ('everything' in selection || clientId === selection.clientId) this.#accessTokens.delete(tokenHash)
      }
    }
    return before - this.#authorizations.size
  }

  prune(now: number): number {
    const before = this.#countRecords()
    for (const authorization of this.#authorizations.values()) {
      if (authorization.record.expiresAt <= now) this.#end(authorization)
    }
    for (const token of this.#accessTokens.values()) this.#removeIfDead(token, now)
    // Last, because an authorization may have lost its only access token a moment ago.
    for (const authorization of this.#authorizations.values()) this.#endIfUnusable(authorization, now)
    this.#accessTokenWalk.restart()
    this.#authorizationWalk.restart()
    return before - this.#countRecords()
  }

  /**
   * Prunes a few records. Called before each insert it keeps the Maps free of the dead at a constant cost: it visits two
   * records of a kind where one is added.
   */
  sweep(now: number): void {
    this.#accessTokenWalk.visit(2, (token) => this.#removeIfDead(token, now))
    this.#authorizationWalk.visit(2, (authorization) => this.#endIfUnusable(authorization, now))
  }

  #begin(record: Authorization): StoredAuthorization {
    const stored = new StoredAuthorization(record)
    this.#authorizations.set(record.authorizationId, stored)
    return stored
  }

  #addAccessToken(owner: StoredAuthorization, token: UserAccessTokenRecord | undefined, expiresAt: number): void {
    if (token === undefined) {
      owner.signedTokensUntil = Math.max(owner.signedTokensUntil, expiresAt)
      return
    }
    this.#accessTokens.set(token.tokenHash, new StoredUserToken(token, owner))
    owner.accessTokens += 1
  }

  #addRefreshToken(owner: StoredAuthorization, token: NewRefreshToken): void {
    owner.newestRefreshToken = new StoredRefreshToken(token, owner)
    this.#refreshTokens.set(token.tokenHash, owner.newestRefreshToken)
  }

  #requireNew({ authorization, accessToken, refreshToken }: Partial<NewTokens>): void {
    const exists =
      (authorization !== undefined && this.#authorizations.has(authorization.authorizationId)) ||
      (accessToken !== undefined && this.#accessTokens.has(accessToken.tokenHash)) ||
      (refreshToken !== undefined && this.#refreshTokens.has(refreshToken.tokenHash))
    if (exists) throw new Error('The token hash or the authorization exists already')
  }

  #countRecords(): number {
    return this.#accessTokens.size + this.#refreshTokens.size + this.#authorizations.size
  }

  #removeIfDead(token: StoredAccessToken, now: number): void {
    if (token.expiresAt <= now || token.authorization?.ended === true) this.removeAccessToken(token.tokenHash)
  }

  #endIfUnusable(authorization: StoredAuthorization, now: number): void {
    if (!authorization.isUsable(now)) this.#end(authorization)
  }

  #end(authorization: StoredAuthorization): void {
    authorization.ended = true
    this.#authorizations.delete(authorization.record.authorizationId)
    for (let token = authorization.newestRefreshToken; token !== undefined; token = token.predecessor) {
      this.#refreshTokens.delete(token.tokenHash)
    }
  }
}
