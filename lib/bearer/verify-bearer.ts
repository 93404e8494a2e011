import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import { storedScope, type Scope } from '../protocol/scope.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { differInSlash } from '../checks/check-issuer.js'
import type { VerifiedAccess } from '../tokens/access-token-claims.js'
import type { VerifyAccessToken } from '../tokens/verify-access-token.js'
import type { OAuthError } from '../errors/oauth-error.js'
import { type RefusalFacts, refusal } from '../errors/refusal.js'
import type { Auth } from './auth.js'
import { readBearerToken, whyNoToken, type BearerRequest, type NoToken } from './bearer-token.js'
import type { BearerRequirement } from './requirement.js'

/** The services of a guard. */
export interface BearerServices {
  readonly verifyAccessToken: VerifyAccessToken
  /** The resource that the guard protects, unless its requirement names another; absent if the server has no resources. */
  readonly resource: string | undefined
}

/** The decision of a guard. A refusal is a result and not an exception, because it is normal. */
export type BearerResult =
  | { readonly verdict: 'accepted'; readonly auth: Auth }
  /** No credentials: refused with a challenge, or accepted if the guard is optional. */
  | { readonly verdict: 'anonymous'; readonly why: NoToken }
  | { readonly verdict: 'refused'; readonly error: OAuthError }

/** Decides whether to accept a request (RFC 6750 §2, §3.1). Throws only errors of the store. */
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
  // A token for another resource is invalid here (RFC 9068 §4, RFC 9700 §2.3), and so is one for none if the server has resources.
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

/** Returns whether a scope has all that a route requires. */
export function satisfies(scope: Pick<Scope, 'has'>, { allOf, anyOf }: BearerRequirement): boolean {
  for (const token of allOf) if (!scope.has(token)) return false
  return anyOf.length === 0 || anyOf.some((token) => scope.has(token))
}

function authOf(access: VerifiedAccess, scope: Scope): Auth {
  const { clientId, userId, unknownSubject: subject, authorizationId, audience, issuedAt, expiresAt, claims } = access
  // Member by member, because a spread takes several times as long, and this runs for every guarded request.
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

/** Returns the owner of a token, for an event. */
function about({ clientId, userId, authorizationId }: VerifiedAccess, detail: string | undefined): RefusalFacts {
  return { clientId, userId, authorizationId, detail }
}

function lackingScope(scope: Scope, { allOf, anyOf }: BearerRequirement): string {
  const needed = [...allOf, ...(anyOf.length === 0 ? [] : [`one of ${anyOf.join(', ')}`])].join(' ')
  return `The token has ${scope.toString() || 'no scope'}, and the route needs ${needed}`
}

/** Creates the refusal of an invalid token: the same words for every cause (RFC 6750 §3.1). */
export function invalidToken(reason: TokenRefusal, facts?: RefusalFacts): OAuthError {
  return refusal('invalid_token', reason, 'The access token is invalid, expired or revoked', facts)
}

/** Creates the refusal of a valid token that lacks scope (RFC 6750 §3.1). */
export function insufficientScope(facts?: RefusalFacts): OAuthError {
  return refusal(
    'insufficient_scope',
    'insufficient_scope',
    'The access token does not have the scope that is needed',
    facts,
  )
}

/** Creates the refusal of a valid token that acts for a client where the route requires a user, or the other way around. */
export function wrongCaller(wanted: 'user' | 'client', actual: Auth['actsFor'], facts: RefusalFacts): OAuthError {
  const belongs = actual === 'unknown' ? 'does not say that it acts for one' : `belongs to a ${actual}`
  return refusal(
    'access_denied',
    'wrong_caller',
    `This route needs a ${wanted}'s token, and this one ${belongs}`,
    facts,
  )
}
