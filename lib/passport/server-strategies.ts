import { bearerOptionNames, type BearerOptions } from '../bearer/requirement.js'
import { authenticateClient, type ClientAuthServices } from '../client-auth/authenticate-client.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { HttpRequest } from '../http/http.js'
import { HttpRequestContext } from '../http/http-request-context.js'
import { judgeRequest, type GuardServices } from '../http/require-bearer.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { Client, ClientRegistration } from '../stores/client-store.js'
import { attempt, type AttemptedRequest, type PassportActions } from './attempt.js'
import { bearerRefusal, BearerStrategy } from './bearer-strategy.js'
import { ClientBasicStrategy, ClientPasswordStrategy } from './client-strategy.js'
import { decideByClient } from './client-decision.js'
import type { Decision } from './decision.js'
import { routeRequirement, type RouteRequirement } from './route-requirement.js'

/**
 * Passport strategies with the rules and responses of a server's endpoints and guard.
 *
 * @example
 * ```ts
 * import passport from 'passport'
 *
 * passport.use(oauth.strategies.bearer())
 * ```
 */
export interface ServerStrategies {
  /**
   * Creates the guard as the strategy `bearer`. It sets `req.auth` as `requireBearer()` does, and `req.user` to the same. An option of the
   * route, as in `passport.authenticate('bearer', { scope: 'orders:read' })`, replaces the same option here. Throws `ConfigurationError` for
   * options that no request could satisfy; if the route has them, the response is 500.
   */
  bearer(options?: BearerOptions): BearerStrategy
  /** Creates the strategy `basic`, which authenticates clients by HTTP Basic and sets `req.user` to an {@link AuthenticatedClient}. */
  clientBasic(): ClientBasicStrategy
  /**
   * Creates the strategy `oauth2-client-password`, which authenticates clients by `client_id` and `client_secret` in a form and sets
   * `req.user` to an {@link AuthenticatedClient}. Put `express.urlencoded()` before it.
   */
  clientPassword(): ClientPasswordStrategy
}

/** A client in `req.user`: its registration, frozen, without its secrets. */
export interface AuthenticatedClient extends ClientRegistration {
  readonly clientType: Client['clientType']
  readonly authMethods: readonly string[]
}

/** What the strategies of a server work with. */
export interface StrategyServices extends GuardServices, ClientAuthServices {}

/** Creates the strategies of a server. */
export function serverStrategies(services: StrategyServices, catalogue: ReadonlySet<string>): ServerStrategies {
  const rules = { where: 'strategies.bearer', names: bearerOptionNames, catalogue }
  return {
    bearer: callFirst('bearer', 'bearer', (options: BearerOptions = {}) => {
      const requirementOf = routeRequirement(options, rules)
      const strategy = new BearerStrategy((_token, done) => done(null, false))
      return decidedBy(strategy, services, (request) => judgeBearer(services, requirementOf, request))
    }),
    clientBasic: callFirst('basic', 'clientBasic', () => {
      const strategy = new ClientBasicStrategy((_clientId, _clientSecret, done) => done(null, false))
      return decidedBy(strategy, services, byClient(services, 'client_secret_basic', false))
    }),
    clientPassword: callFirst('oauth2-client-password', 'clientPassword', () => {
      const strategy = new ClientPasswordStrategy((_clientId, _clientSecret, done) => done(null, false))
      return decidedBy(strategy, services, byClient(services, 'client_secret_post', true))
    }),
  }
}

/**
 * Creates a factory that reports its own misuse. Passport accepts anything with a name as a strategy, even the factory itself. It has the
 * name of its strategy, so that the first request says that the factory was not called.
 */
function callFirst<Make extends (...options: never[]) => unknown>(strategy: string, member: string, make: Make): Make {
  const authenticate = (): never => {
    const line = `passport.use(oauth.strategies.${member}())`
    throw new ConfigurationError(`strategies.${member}`, 'is used as a strategy itself', `Call it: ${line}`)
  }
  return Object.defineProperties(make, { name: { value: strategy }, authenticate: { value: authenticate } })
}

/** Replaces the verify function, which the constructor of a strategy requires, by the server's decision. */
function decidedBy<Strategy extends { authenticate(req: HttpRequest, options?: object): void }>(
  strategy: Strategy,
  services: StrategyServices,
  decide: (request: AttemptedRequest) => MaybePromise<Decision>,
): Strategy {
  strategy.authenticate = function (this: PassportActions, req: HttpRequest, options?: object) {
    const context = new HttpRequestContext(req, 'guard', services)
    attempt(this, { req, options, context }, services.emit, decide)
  }
  return strategy
}

function judgeBearer(
  services: StrategyServices,
  requirementOf: RouteRequirement,
  { req, options, context }: AttemptedRequest & { readonly req: { auth?: unknown } },
): MaybePromise<Decision> {
  const requirement = requirementOf(options)
  return andThen(judgeRequest(services, requirement, req, context), (result) => {
    req.auth = result.verdict === 'accepted' ? result.auth : undefined
    if (result.verdict !== 'accepted') return bearerRefusal(services, requirement, context, result)
    return { decided: 'accept', user: result.auth, info: { scope: result.auth.scope.toString() } }
  })
}

function byClient(
  services: StrategyServices,
  authMethod: string,
  needsForm: boolean,
): (request: AttemptedRequest) => MaybePromise<Decision> {
  const clientAuthMethods = services.clientAuthMethods.filter(({ name }) => name === authMethod)
  return (attempted) =>
    decideByClient({ ...services, needsForm }, attempted, (request) =>
      andThen(authenticateClient({ ...services, clientAuthMethods }, request), withoutSecrets),
    )
}

function withoutSecrets(client: Client): AuthenticatedClient {
  const user: AuthenticatedClient & { secrets?: unknown } = { ...client }
  delete user.secrets
  return Object.freeze(user)
}
