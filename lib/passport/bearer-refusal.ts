import { bearerChallenge, type ChallengeParams } from '../bearer/challenge.js'
import type { BearerRequirement } from '../bearer/requirement.js'
import type { BearerResult } from '../bearer/verify-bearer.js'
import type { Emit } from '../telemetry/events.js'
import type { HttpRequestContext } from '../http/http-request-context.js'
import { writeRefusal } from '../http/require-bearer.js'
import type { Decision } from './decision.js'

/** Turns what a guard would do with a request that it does not accept into what the strategy does. */
export function bearerRefusal(
  guard: ChallengeParams & { readonly emit: Emit },
  requirement: BearerRequirement,
  context: HttpRequestContext,
  result: Exclude<BearerResult, { verdict: 'accepted' }>,
): Decision {
  if (result.verdict === 'anonymous' && requirement.optional) return { decided: 'pass' }
  const error = result.verdict === 'refused' ? result.error : undefined
  return {
    decided: 'refuse',
    error,
    challenge: bearerChallenge(guard, requirement, error),
    answer: (res) => writeRefusal(guard, requirement, context, res, result),
  }
}
