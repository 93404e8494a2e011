import type { OAuthError } from '../errors/oauth-error.js'
import { refusal, type RefusalFacts } from '../errors/refusal.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { Auth } from './auth.js'

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
