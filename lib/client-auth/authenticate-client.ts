import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import type { ClientRefusal } from '../errors/refusal-reason.js'
import { otherScheme } from '../protocol/auth-scheme.js'
import type { Clock } from '../time/clock.js'
import { andThen, isUnwantedPromise, type MaybePromise } from '../time/maybe-promise.js'
import { isPrintableAscii } from '../protocol/grammar.js'
import { timeOf } from '../request/request-context.js'
import { noteClient } from '../request/request-facts.js'
import type { Client, ClientStore } from '../stores/client-store.js'
import { countFailure, limitAttempts, type ThrottleServices } from '../throttle/limit-attempts.js'
import { clientKeys, type AttemptKeys } from '../throttle/throttle-keys.js'
import type { ClientAuthMethod, ClientAuthRequest, PresentedCredentials } from './client-auth-method.js'
import { checkClient } from '../clients/change-client.js'
import type { ClientWatch } from '../clients/client-watch.js'
import { invalidClient, malformedCredentials, noCredentials } from './invalid-client.js'

/** What client authentication needs. */
export interface ClientAuthServices extends ThrottleServices {
  readonly clients: ClientStore
  readonly clientAuthMethods: readonly ClientAuthMethod[]
  readonly clock: Clock
  /** Checks each client that has authenticated. */
  readonly clientWatch: Pick<ClientWatch, 'see' | 'seeAll'>
}

/**
 * Authenticates the client of a request, in the same way for every endpoint (RFC 6749 §2.3, §3.2.1).
 *
 * Throws `invalid_request` for more than one method at once, and `invalid_client` for any other failure: unknown, disabled, wrong secret and
 * wrong method look alike and cost the same. Too many failures lead to 429.
 */
export function authenticateClient(services: ClientAuthServices, request: ClientAuthRequest): MaybePromise<Client> {
  const { method, credentials } = selectMethod(services.clientAuthMethods, request)
  const { clientId } = credentials
  return andThen(services.clients.findClient(clientId, request.context), (found) => {
    // A store that ignores case or trailing spaces may have found another client.
    const client = found?.clientId === clientId ? checkClient(found) : undefined
    return andThen(judgeAttempt(services, request, { client, clientId, method, credentials }), (reason) => {
      if (client !== undefined && reason === undefined) {
        services.clientWatch.see(client, request.context)
        noteClient(request.context, clientId)
        return client
      }
      const refused = { clientId: client?.clientId, reason: reason ?? 'wrong_credentials' } as const
      const authMethod = method.name
      services.emit(request.context, { type: 'client_authentication_failed', ...refused, authMethod })
      throw invalidClient(refused.reason, {
        clientId: refused.clientId,
        detail: detailOf(refused.reason, method, client),
      })
    })
  })
}

interface Attempt {
  readonly client: Client | undefined
  readonly clientId: string
  readonly method: ClientAuthMethod
  readonly credentials: PresentedCredentials
}

/** Returns why the attempt is refused; `undefined` if it is not. */
function judgeAttempt(
  services: ClientAuthServices,
  { context }: ClientAuthRequest,
  { client, clientId, method, credentials }: Attempt,
): MaybePromise<ClientRefusal | undefined> {
  // Computed only if something is counted: most requests have the right secret, which cannot be guessed.
  const keys = (): AttemptKeys => clientKeys(clientId, context.address)
  const by = { context, clientId: client?.clientId }
  const now = timeOf(context, services.clock)
  // A client that no proof would help is verified like an unknown one: neither the result nor the time reveals that the proof was right.
  const obstacle = unprovable(client, method)
  const provable = obstacle === undefined ? client : undefined
  const attempt = (): MaybePromise<ClientRefusal | undefined> =>
    andThen(
      method.verifyCredentials(provable, credentials, now, context),
      // Only `true` is a success, for an application's methods too.
      (verified: unknown) => obstacle ?? (verified === true ? undefined : refusalReason(method, client, now)),
    )
  return andThen(method.canBeGuessed?.(provable, credentials, now, context), (canBeGuessed: unknown) => {
    if (canBeGuessed === true) {
      return limitAttempts(services, by, keys(), { attempt, isSuccess: (reason) => reason === undefined })
    }
    return andThen(attempt(), (reason) =>
      reason === undefined ? reason : andThen(countFailure(services, by, keys().unknown), () => reason),
    )
  })
}

function refusalReason(method: ClientAuthMethod, client: Client | undefined, now: number): ClientRefusal {
  const reason: unknown = client === undefined ? undefined : method.refusalReason?.(client, now)
  return reason === 'chosen_secrets_not_enabled' || reason === 'unreadable_digest' ? reason : 'wrong_credentials'
}

/** For the operator, who knows both sides. */
function detailOf(reason: ClientRefusal, { name }: ClientAuthMethod, client: Client | undefined): string {
  if (reason !== 'method_not_registered' || client === undefined) return `By ${name}`
  return `By ${name}; the client is registered for ${client.authMethods.join(', ')}`
}

/**
 * Finds the method by which a request authenticates its client, and the credentials. Throws `invalid_request` for more than one method, and
 * `invalid_client` for none or malformed credentials.
 */
export function selectMethod(
  methods: readonly ClientAuthMethod[],
  request: ClientAuthRequest,
): { method: ClientAuthMethod; credentials: PresentedCredentials } {
  const { authorization, parameters } = request
  // RFC 6749 §2.3: the client MUST NOT use more than one authentication method in each request.
  const hasSecret = parameters.get('client_secret') !== undefined
  const hasAssertion = assertionParameters.some((name) => parameters.get(name) !== undefined)
  if (Number(authorization !== undefined) + Number(hasSecret) + Number(hasAssertion) > 1) throw severalMethods()
  let selected: { method: ClientAuthMethod; credentials: PresentedCredentials } | undefined
  for (const method of methods) {
    const credentials = method.readCredentials(request)
    if (credentials === undefined) continue
    if (isUnwantedPromise(credentials)) throw new TypeError(`readCredentials of ${method.name} answered a promise`)
    // A method that only identifies, such as `none`, does not compete with one that authenticates.
    if (selected !== undefined && credentials.proof === undefined) continue
    if (selected?.credentials.proof !== undefined) throw severalMethods()
    selected = { method, credentials }
  }
  // An Authorization header of an unknown scheme is a failed attempt, not a reason to look elsewhere.
  if (selected === undefined) throw unread(authorization, hasAssertion)
  // The same for an assertion (RFC 7521 §4.2) beside an id without a proof.
  if (hasAssertion && selected.credentials.proof === undefined) throw unread(authorization, hasAssertion)
  // No client has such an id, and some databases fail on it: a NUL is an error in PostgreSQL.
  if (!isPrintableAscii(selected.credentials.clientId)) {
    throw malformedCredentials('The credentials are', 'the id is not printable ASCII')
  }
  const named = parameters.get('client_id')
  if (named !== undefined && named !== selected.credentials.clientId) throw otherClientNamed()
  return selected
}

/** The parameters of an assertion, whether or not a method of the application reads them (RFC 7521 §4.2). */
const assertionParameters = ['client_assertion', 'client_assertion_type'] as const

/** Returns why a client cannot authenticate by this method with any proof. */
function unprovable(client: Client | undefined, method: ClientAuthMethod): ClientRefusal | undefined {
  if (client === undefined) return 'unknown_client'
  if (client.disabled) return 'client_disabled'
  const authMethods: readonly string[] = client.authMethods
  return authMethods.includes(method.name) ? undefined : 'method_not_registered'
}

/** Returns the error if no method reads the credentials, or if there are none. */
function unread(authorization: string | undefined, hasAssertion: boolean): OAuthError {
  if (hasAssertion) {
    const description = 'No client authentication by assertion is supported; use HTTP Basic'
    return refusal('invalid_client', 'other_scheme', description, { detail: 'client_assertion' })
  }
  if (authorization === undefined) return noCredentials()
  const description = 'The Authorization header uses a scheme that is not supported; use HTTP Basic'
  return refusal('invalid_client', 'other_scheme', description, { detail: otherScheme(authorization, 'Basic') })
}

function severalMethods(): OAuthError {
  const description = 'Only one client authentication method may be used in a request'
  return refusal('invalid_request', 'several_methods', description)
}

function otherClientNamed(): OAuthError {
  const description = 'The parameter client_id names another client than the credentials'
  return refusal('invalid_request', 'other_client_named', description)
}
