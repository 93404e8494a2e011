import { Strategy } from 'passport-http-bearer'
import { readBearerToken, whyNoToken } from '../bearer/bearer-token.js'
import { type ChallengeParams, bearerChallenge } from '../bearer/challenge.js'
import type { BearerRequirement } from '../bearer/requirement.js'
import { type BearerResult, insufficientScope, invalidToken, satisfies } from '../bearer/verify-bearer.js'
import { HttpRequestContext } from '../http/http-request-context.js'
import type { HttpRequest } from '../http/http.js'
import { bearerRequest, writeRefusal } from '../http/require-bearer.js'
import type { Emit } from '../telemetry/events.js'
import { type MaybePromise, andThen } from '../time/maybe-promise.js'
import { type AttemptedRequest, type PassportActions, attempt } from './attempt.js'
import { type Decision, decideOr } from './decision.js'
import { routeRequirement } from './route-requirement.js'
import {
  type StrategyOptions,
  type StrategyParameters,
  type StrategySettings,
  type WithRequest,
  bearerStrategyOptions,
  strategySettings,
} from './strategy-options.js'
import { type VerifyDone, callVerify } from './verify-function.js'

/** Options of a {@link BearerStrategy}. */
export interface BearerStrategyOptions extends StrategyOptions {
  /**
   * The scopes that the token must have, all of them, as a list or a string with spaces. The verify function says what the token has:
   * `done(null, user, { scope })`. A route may require other scopes: `passport.authenticate('bearer', { scope })`. Default: none.
   */
  readonly scope?: string | readonly string[]
}

/** Finds the user of a token. It calls `done`; a function that does not declare `done` returns the user or a promise. */
export type BearerVerify = (token: string, done: VerifyDone) => unknown

/** The same with the request as first parameter. Declared as a method, so that `req` can have Express's type. */
export type BearerVerifyWithRequest = { verify(req: HttpRequest, token: string, done: VerifyDone): unknown }['verify']

// The class without its package's types, which would otherwise become a dependency of every TypeScript user.
const PassportStrategy: new (options: { realm: string }, verify: () => void) => { name: string } = Strategy

/**
 * Passport's strategy for bearer tokens, with the name and constructor of `passport-http-bearer` and the rules and responses of our guard
 * (RFC 6750). It is for tokens that the application verifies itself; for tokens of this package's authorization server use
 * `oauth.strategies.bearer()`.
 *
 * It reads the token from the `Authorization` header only. If the verify function throws or rejects, the response is 500, or 503 for a
 * `StoreUnavailableError`; nothing of the error goes into a header. There is no session, unless the route asks for one.
 *
 * @example
 * ```ts
 * import passport from 'passport'
 *
 * declare function findUserOfToken(token: string): Promise<{ id: string } | undefined>
 *
 * passport.use(new BearerStrategy(async (token) => (await findUserOfToken(token)) ?? false))
 * ```
 */
export class BearerStrategy extends PassportStrategy {
  // Not `#judge`: Passport creates an object for each request that has this one as its prototype.
  private readonly judge: (request: AttemptedRequest) => MaybePromise<Decision>
  private readonly settings: StrategySettings

  constructor(verify: BearerVerify)
  constructor(options: BearerStrategyOptions, verify: BearerVerify)
  constructor(options: WithRequest<BearerStrategyOptions>, verify: BearerVerifyWithRequest)
  constructor(...parameters: StrategyParameters) {
    const settings = strategySettings('BearerStrategy', parameters, bearerStrategyOptions, 1)
    super(settings, settings.verify)
    this.judge = bearerJudge(settings)
    this.settings = settings
  }

  /** Called by Passport. */
  authenticate(req: HttpRequest, options?: object): void {
    // Passport has added its actions by now.
    const context = new HttpRequestContext(req, 'guard', this.settings)
    attempt(this as this & PassportActions, { req, options, context }, this.settings.emit, this.judge)
  }
}

function bearerJudge(settings: StrategySettings): (request: AttemptedRequest) => MaybePromise<Decision> {
  const { scope = [] } = settings.options
  const requirementOf = routeRequirement({ scope }, { where: 'BearerStrategy', names: ['scope'], catalogue: anyScope })

  return ({ req, options, context }) => {
    const requirement = requirementOf(options)
    return decideOr(
      settings,
      context,
      () => {
        const request = bearerRequest(req)
        const token = readBearerToken(request)
        if (token === undefined)
          return bearerRefusal(settings, requirement, context, { verdict: 'anonymous', why: whyNoToken(request) })
        return andThen(callVerify(settings.verify, settings.parametersOf(req, [token])), ({ user, info }) => {
          if (!user) throw invalidToken('denied')
          if (!satisfies(scopeOf(info), requirement)) throw insufficientScope()
          return { decided: 'accept', user, info }
        })
      },
      (error) => bearerRefusal(settings, requirement, context, { verdict: 'refused', error }),
    )
  }
}

/** The application has its own scopes, of which we know no list. */
const anyScope = { has: () => true }

function scopeOf(info: unknown): ReadonlySet<string> {
  const scope = typeof info === 'object' && info !== null && 'scope' in info ? info.scope : undefined
  return new Set(typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : [])
}

/** Translates a guard's refusal into the strategy's decision. */
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
