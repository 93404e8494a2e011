import { BasicStrategy } from 'passport-http'
import { selectMethod } from '../client-auth/authenticate-client.js'
import type { ClientAuthMethod, ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { clientSecretBasic } from '../client-auth/basic.js'
import { clientSecretPost } from '../client-auth/client-secret-post.js'
import { invalidClient } from '../client-auth/invalid-client.js'
import { HttpRequestContext } from '../http/http-request-context.js'
import type { HttpRequest } from '../http/http.js'
import { type MaybePromise, andThen } from '../time/maybe-promise.js'
import { type PassportActions, attempt } from './attempt.js'
import { type ClientTerms, decideByClient } from './client-decision.js'
import {
  type StrategyOptions,
  type StrategyParameters,
  type StrategySettings,
  type WithRequest,
  clientStrategyOptions,
  strategySettings,
} from './strategy-options.js'
import { type VerifyDone, callVerify } from './verify-function.js'

/** Finds the client of an id and a secret. It calls `done`; a function that does not declare `done` returns the client or a promise. */
export type ClientVerify = (clientId: string, clientSecret: string, done: VerifyDone) => unknown

/** The same with the request as first parameter. Declared as a method, so that `req` can have Express's type. */
export type ClientVerifyWithRequest = {
  verify(req: HttpRequest, clientId: string, clientSecret: string, done: VerifyDone): unknown
}['verify']

/** What distinguishes one strategy for clients from another. */
export interface ClientStrategyKind {
  /** Names the strategy in messages. */
  readonly strategy: string
  /** Reads the credentials. The application verifies them. */
  readonly method: ClientAuthMethod
  readonly needsForm: boolean
}

// The class without its package's types, which would otherwise become a dependency of every TypeScript user.
const PassportStrategy: new (options: { realm: string }, verify: () => void) => { name: string } = BasicStrategy

/** The base of the strategies for clients, which differ in where the credentials are. */
export abstract class ClientStrategy extends PassportStrategy {
  // No `#private` fields: Passport creates an object for each request that has this one as its prototype.
  private readonly terms: ClientTerms
  private readonly verify: (request: ClientAuthRequest, req: HttpRequest) => MaybePromise<unknown>

  protected constructor({ strategy, method, needsForm }: ClientStrategyKind, parameters: StrategyParameters) {
    const settings = strategySettings(strategy, parameters, clientStrategyOptions, 2)
    super(settings, settings.verify)
    this.terms = { ...settings, needsForm }
    this.verify = (request, req) => verifyClient(settings, method, request, req)
  }

  /** Called by Passport. */
  authenticate(req: HttpRequest, options?: object): void {
    // Passport has added its actions by now.
    const context = new HttpRequestContext(req, 'guard', this.terms)
    attempt(this as this & PassportActions, { req, options, context }, this.terms.emit, (request) =>
      decideByClient(this.terms, request, (credentials) => this.verify(credentials, req)),
    )
  }
}

function verifyClient(
  { verify, parametersOf, emit }: StrategySettings,
  method: ClientAuthMethod,
  request: ClientAuthRequest,
  req: HttpRequest,
): MaybePromise<unknown> {
  const { clientId, proof = '' } = selectMethod([method], request).credentials
  return andThen(callVerify(verify, parametersOf(req, [clientId, proof])), ({ user }) => {
    if (user) return user
    const { name: authMethod } = method
    emit(request.context, { type: 'client_authentication_failed', clientId, authMethod, reason: 'wrong_credentials' })
    throw invalidClient('wrong_credentials', { detail: `By ${authMethod}` })
  })
}

/**
 * Passport's strategy for OAuth clients that send id and secret in HTTP Basic, with the name and constructor of `passport-http` and the
 * rules and responses of our token endpoint (RFC 6749 §2.3.1, RFC 7617). It is for clients that the application verifies itself; for clients
 * of this package's authorization server use `oauth.strategies.clientBasic()`.
 *
 * Do not use it for people: id and secret are form-decoded, as OAuth requires, and printable ASCII, so a password with a `%` or a `+` would
 * not arrive as it was typed. A request with a second secret in its form is refused if a parser before the strategy has read the form. If the
 * verify function throws or rejects, the response is 500, or 503 for a `StoreUnavailableError`.
 *
 * @example
 * ```ts
 * import passport from 'passport'
 *
 * declare function findClient(clientId: string, clientSecret: string): Promise<{ id: string } | false>
 *
 * passport.use(new ClientBasicStrategy((clientId, clientSecret) => findClient(clientId, clientSecret)))
 * ```
 */
export class ClientBasicStrategy extends ClientStrategy {
  constructor(verify: ClientVerify)
  constructor(options: StrategyOptions, verify: ClientVerify)
  constructor(options: WithRequest<StrategyOptions>, verify: ClientVerifyWithRequest)
  constructor(...parameters: StrategyParameters) {
    super(
      {
        strategy: 'ClientBasicStrategy',
        method: clientSecretBasic({ verifyCredentials: () => false, canBeGuessed: () => false }),
        needsForm: false,
      },
      parameters,
    )
  }
}

/**
 * Passport's strategy for OAuth clients that send `client_id` and `client_secret` in a form (RFC 6749 §2.3.1), with the name of
 * `passport-oauth2-client-password` and the rules and responses of our token endpoint. It is for clients that the application verifies
 * itself; for clients of this package's authorization server use `oauth.strategies.clientPassword()`.
 *
 * Put `express.urlencoded()` before it; otherwise a form gets the response 500. Only a form counts, never JSON or the query, and never with an
 * `Authorization` header. If the verify function throws or rejects, the response is 500, or 503 for a `StoreUnavailableError`.
 *
 * @example
 * ```ts
 * import passport from 'passport'
 *
 * declare function findClient(clientId: string, clientSecret: string): Promise<{ id: string } | false>
 *
 * passport.use(new ClientPasswordStrategy((clientId, clientSecret) => findClient(clientId, clientSecret)))
 * ```
 */
export class ClientPasswordStrategy extends ClientStrategy {
  constructor(verify: ClientVerify)
  constructor(options: StrategyOptions, verify: ClientVerify)
  constructor(options: WithRequest<StrategyOptions>, verify: ClientVerifyWithRequest)
  constructor(...parameters: StrategyParameters) {
    super(
      {
        strategy: 'ClientPasswordStrategy',
        method: clientSecretPost({ verifyCredentials: () => false, canBeGuessed: () => false }),
        needsForm: true,
      },
      parameters,
    )
    this.name = 'oauth2-client-password'
  }
}
