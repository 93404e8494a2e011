import type { ClientAccess, GrantedAccess, UserAccess } from './granted-access.js'
import { audienceText, type Resource } from './resource.js'
import { wrongAnswer } from '../errors/wrong-answer.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import { Scope } from '../protocol/scope.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization } from '../stores/token-store.js'
import { makeAccessToken, userTokenFields, type AccessTokenFields } from './access-token.js'
import type { Decision, TokenServices } from './decision.js'
import { lifetimeSeconds, newRefreshToken } from './lifetimes.js'
import { createIdentifier, createOpaqueToken } from './opaque-token.js'
import { endReplayed, rotateTokens } from './rotate-tokens.js'
import type { TokenResponse } from './token-response.js'

const accessKinds: readonly GrantedAccess['actsFor'][] = ['client', 'user', 'same-user', 'nobody']

/** Makes the tokens that a grant has decided on, and stores them in one step. All tokens come from here. */
export function issueTokens(services: TokenServices, decision: Decision): MaybePromise<TokenResponse> {
  const { access, context } = decision
  checkAccess(access)
  // The tokens would be lost, and the refresh token that they were exchanged for would look like a stolen one at its next use.
  if (context.timedOut === true) throw new Error('The request was answered before its grant had decided')
  switch (access.actsFor) {
    case 'client':
      return issueClientToken(services, decision, access)
    case 'user':
      return issueUserTokens(services, decision, access)
    case 'same-user':
      return rotateTokens(services, decision, access)
    case 'nobody':
      return endReplayed(services, decision, access.replayed.authorization)
  }
}

function issueClientToken(
  services: TokenServices,
  decision: Decision,
  access: ClientAccess,
): MaybePromise<TokenResponse> {
  const { client, context } = decision
  const now = Math.floor(decision.receivedAt / 1000)
  const resources = decision.resources()
  const fields = {
    clientId: client.clientId,
    userId: undefined,
    authorizationId: undefined,
    scope: access.scope.toString(),
    audience: audienceText(resources),
    issuedAt: now,
    expiresAt: now + lifetimeSeconds(services.lifetimes, client, 'accessTokenLifetimeSeconds'),
  }
  const draft = { client, resources, fields, signedInAt: undefined, seed: createOpaqueToken() }
  return andThen(makeAccessToken(services, draft, context), ({ token, record }) => {
    // For a client's JWT nothing is stored.
    const stored =
      record &&
      services.tokens.saveTokens({ authorization: undefined, accessToken: record, refreshToken: undefined }, context)
    return andThen(stored, () => answer(services, decision, fields, token, undefined))
  })
}

function issueUserTokens(services: TokenServices, decision: Decision, access: UserAccess): MaybePromise<TokenResponse> {
  const { client, context } = decision
  const userId = checkedUserId(access.userId)
  const now = Math.floor(decision.receivedAt / 1000)
  return andThen(services.parties.isClient(userId, context, now), (isClient) => {
    // RFC 9068 §5: `sub` would not distinguish them.
    if (isClient) throw new Error('The id of the user who signs in is also the id of a client')
    const resources = decision.resources()
    const authorization = newAuthorization(services, decision, access, resources, now)
    const refreshToken = isRefreshable(services, client) ? createOpaqueToken() : undefined
    const fields = userTokenFields(services.lifetimes, client, authorization, authorization, now)
    const draft = { client, resources, fields, signedInAt: now, seed: createOpaqueToken() }
    return andThen(makeAccessToken(services, draft, context), ({ token, record }) => {
      const tokens = {
        authorization,
        accessToken: record,
        accessTokenExpiresAt: fields.expiresAt,
        refreshToken:
          refreshToken === undefined
            ? undefined
            : newRefreshToken(services.lifetimes, client, authorization, refreshToken, now),
      }
      return andThen(services.tokens.saveTokens(tokens, context), () =>
        answer(services, decision, fields, token, refreshToken, access),
      )
    })
  })
}

function newAuthorization(
  services: TokenServices,
  { client, grantType }: Decision,
  access: UserAccess,
  resources: readonly Resource[],
  now: number,
): Authorization {
  const lasts = isRefreshable(services, client) ? 'authorizationLifetimeSeconds' : 'accessTokenLifetimeSeconds'
  return {
    authorizationId: createIdentifier(),
    userId: access.userId,
    clientId: client.clientId,
    grantType,
    scope: access.scope.toString(),
    audience: audienceText(resources),
    deviceLabel: access.deviceLabel,
    createdAt: now,
    expiresAt: now + lifetimeSeconds(services.lifetimes, client, lasts),
  }
}

function isRefreshable(services: TokenServices, client: Client): boolean {
  return services.issuesRefreshTokens && client.grantTypes.includes('refresh_token')
}

function answer(
  { emit }: TokenServices,
  { grantType, context }: Decision,
  { clientId, userId, authorizationId, scope, issuedAt, expiresAt }: AccessTokenFields,
  token: string,
  refreshToken: string | undefined,
  { deviceToken, isKnownDevice }: Pick<UserAccess, 'deviceToken' | 'isKnownDevice'> = {},
): TokenResponse {
  emit(context, {
    type: 'tokens_issued',
    how: 'new',
    grantType,
    clientId,
    userId,
    authorizationId,
    scope,
    isKnownDevice,
  })
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresAt - issuedAt,
    // JSON omits undefined members.
    refresh_token: refreshToken,
    scope,
    device_token: deviceToken,
  }
}

/** Checks the result of a grant, which may be JavaScript. Its scope must come from `grantScope`. */
function checkAccess(access: GrantedAccess): void {
  if (access.actsFor === 'nobody') {
    if (typeof (access.replayed as unknown) === 'object') return
  } else if (
    accessKinds.includes(access.actsFor) &&
    (access.scope as unknown) instanceof Scope &&
    access.scope.size > 0
  ) {
    return
  }
  throw new TypeError('The grant answered something that is not GrantedAccess')
}

function checkedUserId(userId: unknown): string {
  if (typeof userId !== 'string' || userId === '') throw wrongAnswer('The grant', 'a userId', userId)
  // Some databases refuse such an id, others change it into another user's.
  if (/[\0\p{Cs}]/u.test(userId)) throw new TypeError('The grant answered a userId with a NUL or half a surrogate pair')
  return userId
}
