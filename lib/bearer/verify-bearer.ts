import type { Clock } from '../protocol/clock.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import type { RequestContext } from '../protocol/request-context.js'
import { storedScope, type Scope } from '../protocol/scope.js'
import { hashToken } from '../protocol/token-hash.js'
import type { AccessTokenRecord, TokenStore } from '../stores/token-store.js'
import { OAuthError } from '../errors/oauth-error.js'
import type { Auth } from './auth.js'
import { readBearerToken, type BearerRequest } from './bearer-token.js'
import { insufficientScope, invalidToken } from './refusals.js'
import type { BearerRequirement } from './requirement.js'

/** What verifying a token works with. */
export interface BearerServices {
  readonly tokens: Pick<TokenStore, 'findAccessToken'>
  readonly clock: Clock
}

/** How a guard decided. A refusal is a result, not an exception: it is normal. */
export type BearerResult =
  | { readonly verdict: 'accepted'; readonly auth: Auth }
  /** No credentials: to be asked for, or to be let pass where the guard is optional. */
  | { readonly verdict: 'anonymous' }
  | { readonly verdict: 'refused'; readonly error: OAuthError }

const anonymous: BearerResult = { verdict: 'anonymous' }

/** Decides whether a request may pass (RFC 6750 §2, §3.1). Throws only what the store throws. */
export function verifyBearer(
  services: BearerServices,
  requirement: BearerRequirement,
  request: BearerRequest,
  context: RequestContext,
): MaybePromise<BearerResult> {
  let token: string | undefined
  try {
    token = readBearerToken(request)
  } catch (error) {
    return refused(error as OAuthError)
  }
  if (token === undefined) return anonymous
  return andThen(services.tokens.findAccessToken(hashToken(token), context), (record) =>
    judge(record, requirement, services.clock()),
  )
}

function judge(record: AccessTokenRecord | undefined, requirement: BearerRequirement, now: number): BearerResult {
  // Written so that a record without a proper expiry is expired.
  if (record === undefined || !(now < record.expiresAt)) {
    return refused(invalidToken())
  }
  const scope = storedScope(record.scope)
  if (!satisfies(scope, requirement)) {
    return refused(insufficientScope())
  }
  const auth = authOf(record, scope)
  if (requirement.actsFor !== undefined && requirement.actsFor !== auth.actsFor) {
    return refused(
      new OAuthError('access_denied', 'The access token does not act for the kind of caller that is needed'),
    )
  }
  return { verdict: 'accepted', auth }
}

/** Whether a scope has all that a route asks for. */
export function satisfies(scope: Pick<Scope, 'has'>, { allOf, anyOf }: BearerRequirement): boolean {
  for (const token of allOf) if (!scope.has(token)) return false
  return anyOf.length === 0 || anyOf.some((token) => scope.has(token))
}

function authOf(record: AccessTokenRecord, scope: Scope): Auth {
  const { clientId, userId, authorizationId, issuedAt, expiresAt } = checkRecord(record)
  return userId === undefined
    ? Object.freeze({ actsFor: 'client', clientId, scope, issuedAt, expiresAt })
    : Object.freeze({ actsFor: 'user', userId, clientId, authorizationId, scope, issuedAt, expiresAt })
}

/** A store that keeps "no user" as null or as an empty text must not make a user of a service. */
function checkRecord(record: AccessTokenRecord): AccessTokenRecord {
  const { clientId, userId } = record as Readonly<Record<keyof AccessTokenRecord, unknown>>
  if (isName(clientId) && (userId === undefined || isName(userId))) return record
  throw new TypeError('The TokenStore answered something that is not an AccessTokenRecord')
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function refused(error: OAuthError): BearerResult {
  return { verdict: 'refused', error }
}
