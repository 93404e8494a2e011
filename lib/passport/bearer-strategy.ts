import { Strategy } from 'passport-http-bearer'
import { readBearerToken, whyNoToken } from '../bearer/bearer-token.js'
import { insufficientScope, invalidToken, satisfies } from '../bearer/verify-bearer.js'
import type { HttpRequest } from '../http/http.js'
import { HttpRequestContext } from '../http/http-request-context.js'
import { bearerRequest } from '../http/require-bearer.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import { attempt, type AttemptedRequest, type PassportActions } from './attempt.js'
import { bearerRefusal } from './bearer-refusal.js'
import { decideOr, type Decision } from './decision.js'
import { routeRequirement } from './route-requirement.js'
import {
  bearerStrategyOptions,
  strategySettings,
  type StrategyOptions,
  type StrategyParameters,
  type StrategySettings,
  type WithRequest,
} from './strategy-options.js'
import { callVerify, type VerifyDone } from './verify-function.js'

/** What a {@link BearerStrategy} can be told. */
export interface BearerStrategyOptions extends StrategyOptions {
  /**
   * Scope that the token must have: all of it. A string with spaces and a list mean the same. The verify function says what the
   * token has: `done(null, user, { scope })`. A route may ask for something else: `passport.authenticate('bearer', { scope })`.
   * Default: none.
   */
  readonly scope?: string | readonly string[]
}

/** Finds the user of a token: by `done`, or by what it returns where it does not declare `done`. */
export type BearerVerify = (token: string, done: VerifyDone) => unknown

/** The same, with the request in front; declared as a method so that `req` can have Express's own type. */
export type BearerVerifyWithRequest = { verify(req: HttpRequest, token: string, done: VerifyDone): unknown }['verify']

// The class without the types of its package, which would become a dependency of everybody who compiles against ours.
const PassportStrategy: new (options: { realm: string }, verify: () => void) => { name: string } = Strategy

/**
 * Passport's strategy for bearer tokens, with `passport-http-bearer`'s name and constructor, and the rules and the answers of our
 * guard (RFC 6750). For tokens that the application verifies itself; for those of an authorization server of this package,
 * take `oauth.strategies.bearer()`.
 *
 * A token is taken from the `Authorization` header only. A verify function that throws or rejects is answered with 500, a
 * `StoreUnavailableError` with 503; nothing that it says goes into a header. Without a word from the route there is no session.
 */
export class BearerStrategy extends PassportStrategy {
  // Not `#judge`: Passport makes an object for each request that has this one as its prototype.
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
    // By now Passport has added its actions.
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

/** The application has its own scopes: there is no list of them here. */
const anyScope = { has: () => true }

function scopeOf(info: unknown): ReadonlySet<string> {
  const scope = typeof info === 'object' && info !== null && 'scope' in info ? info.scope : undefined
  return new Set(typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : [])
}
