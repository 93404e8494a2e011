import { BasicStrategy } from 'passport-http'
import { selectMethod } from '../client-auth/authenticate-client.js'
import type { ClientAuthMethod, ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { invalidClient } from '../client-auth/invalid-client.js'
import type { HttpRequest } from '../http/http.js'
import { HttpRequestContext } from '../http/http-request-context.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import { attempt, type PassportActions } from './attempt.js'
import { decideByClient, type ClientTerms } from './client-decision.js'
import {
  clientStrategyOptions,
  strategySettings,
  type StrategyParameters,
  type StrategySettings,
} from './strategy-options.js'
import { callVerify, type VerifyDone } from './verify-function.js'

/** Finds the client of an id and a secret: by `done`, or by what it returns where it does not declare `done`. */
export type ClientVerify = (clientId: string, clientSecret: string, done: VerifyDone) => unknown

/** The same, with the request in front; declared as a method so that `req` can have Express's own type. */
export type ClientVerifyWithRequest = {
  verify(req: HttpRequest, clientId: string, clientSecret: string, done: VerifyDone): unknown
}['verify']

/** What tells one strategy for clients from another. */
export interface ClientStrategyKind {
  /** For messages. */
  readonly strategy: string
  /** Reads the credentials; it is the application that verifies them. */
  readonly method: ClientAuthMethod
  readonly needsForm: boolean
}

// The class without the types of its package, which would become a dependency of everybody who compiles against ours.
const PassportStrategy: new (options: { realm: string }, verify: () => void) => { name: string } = BasicStrategy

/** What the strategies for clients have in common: all but the place of the credentials. */
export abstract class ClientStrategy extends PassportStrategy {
  // No `#private` fields: Passport makes an object for each request that has this one as its prototype.
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
    // By now Passport has added its actions.
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
