import type { ClientAccess, GrantedAccess, UserAccess } from '../grants/grant-handler.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import { Scope } from '../protocol/scope.js'
import { hashToken } from '../protocol/token-hash.js'
import type { Authorization, NewTokens } from '../stores/token-store.js'
import type { Decision, TokenServices } from './decision.js'
import { accessTokenEnd, lifetimeSeconds, newRefreshToken } from './lifetimes.js'
import { createIdentifier, createOpaqueToken } from './opaque-token.js'
import { rotateTokens } from './rotate-tokens.js'
import type { TokenResponse } from './token-response.js'

const accessKinds: readonly GrantedAccess['actsFor'][] = ['client', 'user', 'same-user']

/** Makes the tokens that a grant decided on, and stores them in one step: the only place where tokens come from. */
export function issueTokens(services: TokenServices, decision: Decision): MaybePromise<TokenResponse> {
  const { access } = decision
  checkAccess(access)
  switch (access.actsFor) {
    case 'client':
      return issueClientToken(services, { ...decision, access })
    case 'user':
      return issueUserTokens(services, { ...decision, access })
    case 'same-user':
      return rotateTokens(services, { ...decision, access })
  }
}

function issueClientToken(services: TokenServices, decision: Decision<ClientAccess>): MaybePromise<TokenResponse> {
  const { client, access } = decision
  const now = services.clock()
  const token = createOpaqueToken()
  const expiresIn = lifetimeSeconds(services.lifetimes, client, 'accessTokenLifetimeSeconds')
  return save(services, decision, token, undefined, {
    authorization: undefined,
    accessToken: {
      tokenHash: hashToken(token),
      clientId: client.clientId,
      userId: undefined,
      authorizationId: undefined,
      scope: access.scope.toString(),
      issuedAt: now,
      expiresAt: now + expiresIn,
    },
    refreshToken: undefined,
  })
}

function issueUserTokens(services: TokenServices, decision: Decision<UserAccess>): MaybePromise<TokenResponse> {
  const { client, access, grantType } = decision
  const { lifetimes } = services
  const now = services.clock()
  const refreshable = services.issuesRefreshTokens && client.grantTypes.includes('refresh_token')
  const authorization: Authorization = {
    authorizationId: createIdentifier(),
    userId: checkedUserId(access.userId),
    clientId: client.clientId,
    grantType,
    scope: access.scope.toString(),
    createdAt: now,
    expiresAt:
      now +
      lifetimeSeconds(lifetimes, client, refreshable ? 'authorizationLifetimeSeconds' : 'accessTokenLifetimeSeconds'),
  }
  const { authorizationId, userId, clientId, scope } = authorization
  const token = createOpaqueToken()
  const refreshToken = refreshable ? createOpaqueToken() : undefined
  return save(services, decision, token, refreshToken, {
    authorization,
    accessToken: {
      tokenHash: hashToken(token),
      clientId,
      userId,
      authorizationId,
      scope,
      issuedAt: now,
      expiresAt: accessTokenEnd(lifetimes, client, authorization, now),
    },
    refreshToken:
      refreshToken === undefined ? undefined : newRefreshToken(lifetimes, client, authorization, refreshToken, now),
  })
}

function save(
  services: TokenServices,
  { grantType, client: { clientId }, context }: Decision,
  token: string,
  refreshToken: string | undefined,
  tokens: NewTokens,
): MaybePromise<TokenResponse> {
  return andThen(services.tokens.saveTokens(tokens, context), () => {
    const { userId, authorizationId, scope, issuedAt, expiresAt } = tokens.accessToken
    services.emit(context, { type: 'tokens_issued', how: 'new', grantType, clientId, userId, authorizationId, scope })
    const answer = { access_token: token, token_type: 'Bearer', expires_in: expiresAt - issuedAt, scope } as const
    return refreshToken === undefined ? answer : { ...answer, refresh_token: refreshToken }
  })
}

/** Grants of the application are not all checked by a compiler; their scope must have come from `grantScope`. */
function checkAccess({ actsFor, scope }: GrantedAccess): void {
  if (accessKinds.includes(actsFor) && (scope as unknown) instanceof Scope && scope.size > 0) return
  throw new TypeError('The grant answered something that is not GrantedAccess')
}

function checkedUserId(userId: unknown): string {
  if (typeof userId !== 'string' || userId === '') throw new TypeError('The grant answered no userId')
  return userId
}
