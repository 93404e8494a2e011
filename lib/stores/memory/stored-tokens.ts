import type { TokenHash } from '../../protocol/token-hash.js'
import type {
  AccessTokenRecord,
  Authorization,
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

  /** Access and refresh tokens. */
  get count(): number {
    return this.#accessTokens.size + this.#refreshTokens.size
  }

  save({ authorization, accessToken, refreshToken }: NewTokens): void {
    this.#requireNew(accessToken.tokenHash, refreshToken?.tokenHash)
    if (accessToken.authorizationId === undefined) {
      this.#accessTokens.set(accessToken.tokenHash, new StoredClientToken(accessToken))
      return
    }
    const stored = this.#begin(authorization, accessToken.authorizationId)
    this.#add(stored, accessToken, refreshToken)
  }

  findAccessToken(tokenHash: TokenHash): AccessTokenRecord | undefined {
    const token = this.#accessTokens.get(tokenHash)
    return token?.authorization?.ended === true ? undefined : token
  }

  findRefreshToken(tokenHash: TokenHash): StoredRefreshToken | undefined {
    return this.#refreshTokens.get(tokenHash)
  }

  /** Spends a token that is unspent. */
  replace(presented: StoredRefreshToken, { spending, accessToken, refreshToken }: RefreshTokenRotation): void {
    this.#requireNew(accessToken.tokenHash, refreshToken.tokenHash)
    presented.spending = { ...spending }
    this.#add(presented.authorization, accessToken, refreshToken)
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
    const before = this.count + this.#authorizations.size
    for (const authorization of this.#authorizations.values()) {
      if (authorization.record.expiresAt <= now) this.#end(authorization)
    }
    for (const token of this.#accessTokens.values()) this.#removeIfDead(token, now)
    // Last, because an authorization may have lost its only access token a moment ago.
    for (const authorization of this.#authorizations.values()) this.#endIfUnusable(authorization, now)
    this.#accessTokenWalk.restart()
    this.#authorizationWalk.restart()
    return before - this.count - this.#authorizations.size
  }

  /**
   * Prunes a few records. Called before each insert it keeps the Maps free of the dead at a constant cost: it visits two
   * records of a kind where one is added.
   */
  sweep(now: number): void {
    this.#accessTokenWalk.visit(2, (token) => this.#removeIfDead(token, now))
    this.#authorizationWalk.visit(2, (authorization) => this.#endIfUnusable(authorization, now))
  }

  #begin(record: Authorization | undefined, authorizationId: string): StoredAuthorization {
    if (record?.authorizationId !== authorizationId)
      throw new Error('A token of a user is saved with its authorization')
    if (this.#authorizations.has(authorizationId)) throw new Error('The authorization exists already')
    const stored = new StoredAuthorization(record)
    this.#authorizations.set(authorizationId, stored)
    return stored
  }

  #add(
    owner: StoredAuthorization,
    accessToken: UserAccessTokenRecord,
    refreshToken: NewRefreshToken | undefined,
  ): void {
    this.#accessTokens.set(accessToken.tokenHash, new StoredUserToken(accessToken, owner))
    owner.accessTokens += 1
    if (refreshToken === undefined) return
    owner.newestRefreshToken = new StoredRefreshToken(refreshToken, owner)
    this.#refreshTokens.set(refreshToken.tokenHash, owner.newestRefreshToken)
  }

  #requireNew(accessTokenHash: TokenHash, refreshTokenHash: TokenHash | undefined): void {
    const exists =
      this.#accessTokens.has(accessTokenHash) ||
      (refreshTokenHash !== undefined && this.#refreshTokens.has(refreshTokenHash))
    if (exists) throw new Error('The token hash exists already')
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
