import type { OAuthError, OAuthErrorCode } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import type { RefreshedAccess } from './granted-access.js'
import { audienceList, audienceText, type Resource } from './resource.js'
import { invalidRefreshToken, judgeSpentToken, ownerOf, type SpentTokenVerdict } from './spent-token.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import { storedScope, type Scope } from '../protocol/scope.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization, RefreshTokenSpending, RotationOutcome } from '../stores/token-store.js'
import { formatOf, makeAccessToken, userTokenFields } from './access-token.js'
import type { Decision, TokenServices } from './decision.js'
import { newRefreshToken } from './lifetimes.js'
import { createOpaqueToken } from './opaque-token.js'
import { deriveSuccessors, isMarkedBy, markedNonce } from './successor-tokens.js'
import type { TokenResponse } from './token-response.js'

const outcomes: readonly RotationOutcome['outcome'][] = ['rotated', 'already_spent', 'gone']

/**
 * Exchanges a refresh token for its successors. The store decides in one atomic step whether this request spends it. Every other request is a
 * retry, which gets the same successors, or a replay, which ends the authorization.
 */
export function rotateTokens(
  services: TokenServices,
  decision: Decision,
  access: RefreshedAccess,
): MaybePromise<TokenResponse> {
  const { client, context, receivedAt } = decision
  const { authorization, tokenHash, spending } = access.record
  // The refresh token grant has judged it. An application's grant may not have.
  if (spending !== undefined) return answerSpent(services, decision, access, spending, access.retry)
  const { lifetimes, tokens } = services
  const now = Math.floor(receivedAt / 1000)
  const resources = decision.resources(authorization)
  const narrowed = { scope: access.scope.toString(), audience: audienceText(resources) }
  const fields = userTokenFields(lifetimes, client, authorization, narrowed, now)
  const successorNonce = isShapedByParameters(services, client, resources)
    ? markedNonce(context.parameters)
    : createOpaqueToken()
  const successors = deriveSuccessors(access.presentedToken, successorNonce)
  const draft = { client, resources, fields, signedInAt: authorization.createdAt, seed: successors.accessToken }
  return andThen(makeAccessToken(services, draft, context), ({ token, record }) => {
    const { graceSeconds, pacedUntil } = access
    const refreshToken = newRefreshToken(lifetimes, client, authorization, successors.refreshToken, now, pacedUntil)
    const rotation = {
      presented: tokenHash,
      spending: {
        spentAt: now,
        successorNonce,
        accessTokenScope: fields.scope,
        accessTokenAudience: fields.audience,
        accessTokenExpiresAt: fields.expiresAt,
        // A retry has no use for a successor that has expired.
        retryUntil: Math.min(now + graceSeconds, refreshToken.expiresAt),
      },
      accessToken: record,
      refreshToken,
      receivedAt,
    }
    return andThen(tokens.rotateRefreshToken(rotation, context), (outcome) => {
      // The application's store may be JavaScript.
      if (!outcomes.includes(outcome.outcome)) throw new TypeError('The TokenStore answered no RotationOutcome')
      switch (outcome.outcome) {
        case 'rotated':
          return answer(
            services,
            decision,
            authorization,
            'refreshed',
            token,
            successors.refreshToken,
            rotation.spending,
          )
        case 'already_spent':
          return answerSpent(services, decision, access, outcome.spending)
        case 'gone':
          throw invalidRefreshToken('revoked', ownerOf(authorization))
      }
    })
  })
}

/** Handles a token that an earlier request has spent: this one is a retry, or one of the two comes from a thief. */
function answerSpent(
  services: TokenServices,
  decision: Decision,
  access: RefreshedAccess,
  spending: RefreshTokenSpending,
  verdict: SpentTokenVerdict = judgeSpentToken(spending, decision.receivedAt, access.graceSeconds),
): MaybePromise<TokenResponse> {
  if (verdict === 'replay') return endReplayed(services, decision, access.record.authorization)
  if (verdict === 'refused') throw invalidRefreshToken('overtaken', ownerOf(access.record.authorization))
  const resources = requireSameRequest(services, decision, access, spending)
  const claimed = verdict === 'late_retry' ? claimLateRetry(services, decision, access, spending) : undefined
  return andThen(claimed, () => repeatAnswer(services, decision, access, spending, resources))
}

/** Derives the successors again. */
function repeatAnswer(
  services: TokenServices,
  decision: Decision,
  access: RefreshedAccess,
  spending: RefreshTokenSpending,
  resources: readonly Resource[],
): MaybePromise<TokenResponse> {
  const { client, context } = decision
  const { authorization } = access.record
  const { accessTokenScope: scope, accessTokenAudience: audience, spentAt, accessTokenExpiresAt: expiresAt } = spending
  const { authorizationId, userId, clientId } = authorization
  // The nonce was forgotten while this request waited, so the successor was spent.
  if (spending.successorNonce === undefined) throw invalidRefreshToken('overtaken', ownerOf(authorization))
  const successors = deriveSuccessors(access.presentedToken, spending.successorNonce)
  const fields = { clientId, userId, authorizationId, scope, audience, issuedAt: spentAt, expiresAt }
  const draft = { client, resources, fields, signedInAt: authorization.createdAt, seed: successors.accessToken }
  return andThen(makeAccessToken(services, draft, context), ({ token }) =>
    answer(services, decision, authorization, 'retry', token, successors.refreshToken, spending),
  )
}

/**
 * Requires a retry to ask for what the first request got. With another scope or resource it is refused: the tokens of the first request would
 * mislead the client, and might work where they must not (RFC 9700 §2.3). Nothing is revoked: an app that asks for tokens for two APIs at once
 * is not a thief. Throws `invalid_target`, `invalid_scope`, `invalid_request`.
 */
function requireSameRequest(
  services: TokenServices,
  { client, context, resources: resourcesOf }: Decision,
  { scope, record }: RefreshedAccess,
  { accessTokenScope, accessTokenAudience, successorNonce = '' }: RefreshTokenSpending,
): readonly Resource[] {
  const resources = resourcesOf(record.authorization)
  const audience = new Set(audienceList(accessTokenAudience))
  if (resources.length !== audience.size || !resources.every(({ resource }) => audience.has(resource))) {
    throw otherParameters('invalid_target', 'for another resource', record.authorization)
  }
  if (!isSameScope(scope, storedScope(accessTokenScope))) {
    throw otherParameters('invalid_scope', 'with another scope', record.authorization)
  }
  if (isShapedByParameters(services, client, resources) && !isMarkedBy(successorNonce, context.parameters)) {
    throw otherParameters('invalid_request', 'with other parameters', record.authorization)
  }
  return resources
}

function otherParameters(code: OAuthErrorCode, how: string, authorization: Authorization): OAuthError {
  const description = `The refresh token was used a moment ago ${how}`
  return refusal(code, 'other_parameters', description, ownerOf(authorization))
}

function isSameScope(one: Scope, other: Scope): boolean {
  return one.size === other.size && [...one].every((token) => other.has(token))
}

/** Returns whether claims of the application may depend on parameters other than scope and resource. */
function isShapedByParameters(services: TokenServices, client: Client, resources: readonly Resource[]): boolean {
  return services.accessTokenClaims !== undefined && formatOf(services, { client, resources }) === 'jwt'
}

/** Allows one late retry, unless the previous token of the sign-in was retried late too: that is a replay. */
function claimLateRetry(
  services: TokenServices,
  decision: Decision,
  { record: { tokenHash, authorization }, graceSeconds }: RefreshedAccess,
  { spentAt }: RefreshTokenSpending,
): MaybePromise<void> {
  const { tokens, emit } = services
  const { context, receivedAt } = decision
  const now = Math.floor(receivedAt / 1000)
  return andThen(tokens.claimLateRetry?.(tokenHash, now, context), (claimed: unknown) => {
    if (claimed === true) {
      const { authorizationId, userId, clientId } = authorization
      const ageSeconds = now - spentAt
      emit(context, { type: 'refresh_token_retried_late', clientId, userId, authorizationId, ageSeconds })
      return
    }
    return andThen(tokens.findRefreshToken(tokenHash, context), (found) => {
      const spending = found?.spending
      // It was revoked meanwhile, or a concurrent request got the response.
      if (spending === undefined) throw invalidRefreshToken('revoked', ownerOf(authorization))
      if (typeof spending.lateRetryAt === 'number') throw invalidRefreshToken('overtaken', ownerOf(authorization))
      if (judgeSpentToken(spending, receivedAt, graceSeconds) === 'refused') {
        throw invalidRefreshToken('overtaken', ownerOf(authorization))
      }
      return endReplayed(services, decision, authorization)
    })
  })
}

/** Ends the authorization of a replayed refresh token, and refuses the request (RFC 9700 §4.14.2). */
export function endReplayed(
  services: TokenServices,
  { context }: Decision,
  { authorizationId, userId, clientId }: Authorization,
): MaybePromise<never> {
  return andThen(services.tokens.revokeTokens({ authorizationId }, context), () => {
    services.emit(context, { type: 'refresh_token_replayed', clientId, userId, authorizationId })
    throw invalidRefreshToken('replayed', { userId, authorizationId })
  })
}

function answer(
  { emit }: TokenServices,
  { context, grantType, receivedAt }: Decision,
  { authorizationId, userId, clientId }: Authorization,
  how: 'refreshed' | 'retry',
  accessToken: string,
  refreshToken: string,
  { accessTokenScope: scope, accessTokenExpiresAt }: RefreshTokenSpending,
): TokenResponse {
  emit(context, { type: 'tokens_issued', how, grantType, clientId, userId, authorizationId, scope })
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: Math.max(0, accessTokenExpiresAt - Math.floor(receivedAt / 1000)),
    refresh_token: refreshToken,
    scope,
  }
}
