import type { RefreshedAccess } from '../grants/grant-handler.js'
import { invalidRefreshToken, isReplay } from '../grants/refresh-token.js'
import { audienceList } from '../protocol/audience.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import { timeOf, type RequestContext } from '../protocol/request-context.js'
import type { Authorization, RefreshTokenSpending, RotationOutcome } from '../stores/token-store.js'
import { audienceText, makeAccessToken, userTokenFields } from './access-token.js'
import type { Decision, TokenServices } from './decision.js'
import { newRefreshToken } from './lifetimes.js'
import { createOpaqueToken } from './opaque-token.js'
import { deriveSuccessors } from './successor-tokens.js'
import type { TokenResponse } from './token-response.js'

const outcomes: readonly RotationOutcome['outcome'][] = ['rotated', 'already_spent', 'gone']

/**
 * Exchanges a refresh token for its successors. The store decides in one atomic step whether this request is the one that
 * spends it; every other request is a retry, which gets the same successors, or a replay, which ends the authorization.
 */
export function rotateTokens(
  services: TokenServices,
  decision: Decision,
  access: RefreshedAccess,
): MaybePromise<TokenResponse> {
  const { client, context } = decision
  const { authorization, tokenHash, spending } = access.record
  if (spending !== undefined) return answerAgain(services, decision, access, spending)
  const { lifetimes, clock, tokens } = services
  const now = timeOf(context, clock)
  const resources = decision.resources(audienceList(authorization.audience))
  const narrowed = { scope: access.scope.toString(), audience: audienceText(resources) }
  const fields = userTokenFields(lifetimes, client, authorization, narrowed, now)
  const successorNonce = createOpaqueToken()
  const successors = deriveSuccessors(access.presentedToken, successorNonce)
  const draft = { client, resources, fields, signedInAt: authorization.createdAt, seed: successors.accessToken }
  return andThen(makeAccessToken(services, draft, context), ({ token, record }) => {
    const rotation = {
      presented: tokenHash,
      spending: {
        spentAt: now,
        successorNonce,
        accessTokenScope: fields.scope,
        accessTokenAudience: fields.audience,
        accessTokenExpiresAt: fields.expiresAt,
      },
      accessToken: record,
      refreshToken: newRefreshToken(lifetimes, client, authorization, successors.refreshToken, now),
    }
    return andThen(tokens.rotateRefreshToken(rotation, context), (outcome) => {
      // Stores of the application are not all checked by a compiler.
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
          return answerAgain(services, decision, access, outcome.spending)
        case 'gone':
          throw invalidRefreshToken()
      }
    })
  })
}

/** Somebody was here before with the same token: a retry within the grace, or else a thief, or the client after a thief. */
function answerAgain(
  services: TokenServices,
  decision: Decision,
  access: RefreshedAccess,
  spending: RefreshTokenSpending,
): MaybePromise<TokenResponse> {
  const { client, context } = decision
  const { authorization } = access.record
  if (isReplay(spending, timeOf(context, services.clock), access.graceSeconds))
    return endReplayed(services, authorization, context)
  const { accessTokenScope: scope, accessTokenAudience: audience, spentAt, accessTokenExpiresAt: expiresAt } = spending
  const { authorizationId, userId, clientId } = authorization
  if (spending.successorNonce === undefined) throw invalidRefreshToken()
  const successors = deriveSuccessors(access.presentedToken, spending.successorNonce)
  // Whatever the retry asks for, it is told what the first request got.
  const resources = (audienceList(audience) ?? []).flatMap((name) => services.resources.get(name) ?? [])
  const fields = { clientId, userId, authorizationId, scope, audience, issuedAt: spentAt, expiresAt }
  const draft = { client, resources, fields, signedInAt: authorization.createdAt, seed: successors.accessToken }
  return andThen(makeAccessToken(services, draft, context), ({ token }) =>
    answer(services, decision, authorization, 'retry', token, successors.refreshToken, spending),
  )
}

function endReplayed(
  services: TokenServices,
  { authorizationId, userId, clientId }: Authorization,
  context: RequestContext,
): MaybePromise<never> {
  return andThen(services.tokens.revokeTokens({ authorizationId }, context), () => {
    services.emit(context, { type: 'refresh_token_replayed', clientId, userId, authorizationId })
    throw invalidRefreshToken()
  })
}

function answer(
  { clock, emit }: TokenServices,
  { context, grantType }: Decision,
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
    expires_in: Math.max(0, accessTokenExpiresAt - timeOf(context, clock)),
    refresh_token: refreshToken,
    scope,
  }
}
