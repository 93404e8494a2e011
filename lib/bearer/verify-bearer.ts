import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import { storedScope, type Scope } from '../protocol/scope.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { differInSlash } from '../checks/check-issuer.js'
import type { VerifiedAccess } from '../tokens/verified-access.js'
import type { VerifyAccessToken } from '../tokens/verify-access-token.js'
import type { OAuthError } from '../errors/oauth-error.js'
import { type RefusalFacts, refusal } from '../errors/refusal.js'
import type { Auth } from './auth.js'
import { readBearerToken, whyNoToken, type BearerRequest, type NoToken } from './bearer-token.js'
import type { BearerRequirement } from './requirement.js'

/** What a guard works with. */
export interface BearerServices {
  readonly verifyAccessToken: VerifyAccessToken
  /** The resource that a guard stands for unless its requirement names another; absent where there are no resources. */
  readonly resource: string | undefined
}

/** How a guard decided. A refusal is a result, not an exception: it is normal. */
export type BearerResult =
  | { readonly verdict: 'accepted'; readonly auth: Auth }
  /** No credentials: to be asked for, or to be let pass where the guard is optional. */
  | { readonly verdict: 'anonymous'; readonly why: NoToken }
  | { readonly verdict: 'refused'; readonly error: OAuthError }

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
  if (token === undefined) return { verdict: 'anonymous', why: whyNoToken(request) }
  return andThen(services.verifyAccessToken(token, context), (access) =>
    judge(access, requirement, requirement.resource ?? services.resource),
  )
}

function judge(
  access: VerifiedAccess | TokenRefusal,
  requirement: BearerRequirement,
  resource: string | undefined,
): BearerResult {
  if (typeof access === 'string') return refused(invalidToken(access))
  // A token for another resource is none here (RFC 9068 §4, RFC 9700 §2.3); neither is one without any, where there are some.
  if (resource !== undefined && !access.audience.includes(resource)) {
    const isSlip = access.audience.some((audience) => differInSlash(audience, resource))
    const detail = `The token is for ${access.audience.join(' ') || 'no resource'}, and the guard for ${resource}`
    return refused(invalidToken(isSlip ? 'audience_slash' : 'audience', about(access, detail)))
  }
  const scope = storedScope(access.scope)
  if (!satisfies(scope, requirement)) {
    return refused(insufficientScope(about(access, lackingScope(scope, requirement))))
  }
  const auth = authOf(access, scope)
  const { actsFor } = requirement
  if (actsFor !== undefined && actsFor !== auth.actsFor) {
    return refused(wrongCaller(actsFor, auth.actsFor, about(access, undefined)))
  }
  return { verdict: 'accepted', auth }
}

/** Whether a scope has all that a route asks for. */
export function satisfies(scope: Pick<Scope, 'has'>, { allOf, anyOf }: BearerRequirement): boolean {
  for (const token of allOf) if (!scope.has(token)) return false
  return anyOf.length === 0 || anyOf.some((token) => scope.has(token))
}

function authOf(access: VerifiedAccess, scope: Scope): Auth {
  const { clientId, userId, unknownSubject: subject, authorizationId, audience, issuedAt, expiresAt, claims } = access
  // Member by member, each time: to spread what they share costs several times as much, at every guarded request.
  if (subject !== undefined)
    return Object.freeze({ actsFor: 'unknown', subject, clientId, scope, audience, issuedAt, expiresAt, claims })
  return userId === undefined
    ? Object.freeze({ actsFor: 'client', clientId, scope, audience, issuedAt, expiresAt, claims })
    : Object.freeze({
        actsFor: 'user',
        userId,
        authorizationId,
        clientId,
        scope,
        audience,
        issuedAt,
        expiresAt,
        claims,
      })
}

function refused(error: OAuthError): BearerResult {
  return { verdict: 'refused', error }
}

/** Whose the token is. */
function about({ clientId, userId, authorizationId }: VerifiedAccess, detail: string | undefined): RefusalFacts {
  return { clientId, userId, authorizationId, detail }
}

function lackingScope(scope: Scope, { allOf, anyOf }: BearerRequirement): string {
  const needed = [...allOf, ...(anyOf.length === 0 ? [] : [`one of ${anyOf.join(', ')}`])].join(' ')
  return `The token has ${scope.toString() || 'no scope'}, and the route needs ${needed}`
}

/** The one refusal of every token that is not good: the same words, whatever is wrong with it (RFC 6750 §3.1). */
export function invalidToken(reason: TokenRefusal, facts?: RefusalFacts): OAuthError {
  return refusal('invalid_token', reason, 'The access token is invalid, expired or revoked', facts)
}

/** The refusal of a good token that does not have the scope (RFC 6750 §3.1). */
export function insufficientScope(facts?: RefusalFacts): OAuthError {
  return refusal(
    'insufficient_scope',
    'insufficient_scope',
    'The access token does not have the scope that is needed',
    facts,
  )
}

/** The refusal of a good token that acts for somebody else than a route asks for. */
export function wrongCaller(wanted: 'user' | 'client', actual: Auth['actsFor'], facts: RefusalFacts): OAuthError {
  const belongs = actual === 'unknown' ? 'does not say that it acts for one' : `belongs to a ${actual}`
  return refusal(
    'access_denied',
    'wrong_caller',
    `This route needs a ${wanted}'s token, and this one ${belongs}`,
    facts,
  )
}
