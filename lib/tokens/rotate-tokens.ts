import type { RefreshedAccess } from '../grants/grant-handler.js'
import { invalidRefreshToken, isReplay } from '../grants/refresh-token.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import { hashToken } from '../protocol/token-hash.js'
import type { RefreshTokenSpending, RotationOutcome } from '../stores/token-store.js'
import type { Decision, TokenServices } from './decision.js'
import { accessTokenEnd, newRefreshToken } from './lifetimes.js'
import { createOpaqueToken } from './opaque-token.js'
import { deriveSuccessors, type SuccessorTokens } from './successor-tokens.js'
import type { TokenResponse } from './token-response.js'

const outcomes: readonly RotationOutcome['outcome'][] = ['rotated', 'already_spent', 'gone']

/**
 * Exchanges a refresh token for its successors. The store decides in one atomic step whether this request is the one that
 * spends it; every other request is a retry, which gets the same successors, or a replay, which ends the authorization.
 */
export function rotateTokens(
  services: TokenServices,
  decision: Decision<RefreshedAccess>,
): MaybePromise<TokenResponse> {
  const { client, access, context } = decision
  const { authorization, tokenHash, spending } = access.record
  if (spending !== undefined) return answerAgain(services, decision, spending)
  const now = services.clock()
  const nonce = createOpaqueToken()
  const successors = deriveSuccessors(access.presentedToken, nonce)
  const { authorizationId, userId, clientId } = authorization
  const scope = access.scope.toString()
  const expiresAt = accessTokenEnd(services.lifetimes, client, authorization, now)
  const rotation = {
    presented: tokenHash,
    spending: { spentAt: now, successorNonce: nonce, accessTokenScope: scope, accessTokenExpiresAt: expiresAt },
    accessToken: {
      tokenHash: hashToken(successors.accessToken),
      clientId,
      userId,
      authorizationId,
      scope,
      issuedAt: now,
      expiresAt,
    },
    refreshToken: newRefreshToken(services.lifetimes, client, authorization, successors.refreshToken, now),
  }
  return andThen(services.tokens.rotateRefreshToken(rotation, context), (outcome) => {
    // Stores of the application are not all checked by a compiler.
    if (!outcomes.includes(outcome.outcome)) throw new TypeError('The TokenStore answered no RotationOutcome')
    switch (outcome.outcome) {
      case 'rotated':
        return answer(services, decision, 'refreshed', successors, rotation.spending, now)
      case 'already_spent':
        return answerAgain(services, decision, outcome.spending)
      case 'gone':
        throw invalidRefreshToken()
    }
  })
}

/** Somebody was here before with the same token: a retry within the grace, or else a thief, or the client after a thief. */
function answerAgain(
  services: TokenServices,
  decision: Decision<RefreshedAccess>,
  spending: RefreshTokenSpending,
): MaybePromise<TokenResponse> {
  const { access, context } = decision
  const now = services.clock()
  if (!isReplay(spending, now, access.graceSeconds)) {
    const successors = deriveSuccessors(access.presentedToken, spending.successorNonce)
    return answer(services, decision, 'retry', successors, spending, now)
  }
  const { authorizationId, userId, clientId } = access.record.authorization
  return andThen(services.tokens.revokeTokens({ authorizationId }, context), () => {
    services.emit(context, { type: 'refresh_token_replayed', clientId, userId, authorizationId })
    throw invalidRefreshToken()
  })
}

function answer(
  services: TokenServices,
  { access, context, grantType }: Decision<RefreshedAccess>,
  how: 'refreshed' | 'retry',
  { accessToken, refreshToken }: SuccessorTokens,
  { accessTokenScope: scope, accessTokenExpiresAt }: RefreshTokenSpending,
  now: number,
): TokenResponse {
  const { authorizationId, userId, clientId } = access.record.authorization
  services.emit(context, { type: 'tokens_issued', how, grantType, clientId, userId, authorizationId, scope })
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: Math.max(0, accessTokenExpiresAt - now),
    refresh_token: refreshToken,
    scope,
  }
}
