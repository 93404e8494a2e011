import type { RefusalFacts } from '../errors/refusal.js'
import { millisecondsOf, type Clock } from '../time/clock.js'
import type { Parameters } from '../protocol/parameters.js'
import type { EndpointName } from '../request/request-context.js'
import type { ContextWithFacts, RequestFacts } from '../request/request-facts.js'
import type { ContextWithSecrets } from '../request/request-secrets.js'
import { addressOf, type ClientAddress } from './client-address.js'
import type { HttpRequest } from './http.js'
import { lastRequestIdOf, requestIdOf, type NameRequest } from './request-id.js'
import { secretsOfRequest } from './secrets-of-request.js'

/** How the requests to a server are named, and how long they may take. */
export interface RequestSettings {
  /** Absent: every name is our own. */
  readonly requestId: NameRequest | undefined
  /** Absent: as long as it takes. */
  readonly requestTimeoutSeconds: number | undefined
  readonly clock: Clock
  /** Absent: Express's `trust proxy` decides. */
  readonly clientAddress?: ClientAddress | undefined
}

const noParameters: ReadonlyMap<string, string> = new Map<string, string>()

/** The context of an HTTP request; what nobody asks for is not worked out. */
export class HttpRequestContext implements ContextWithSecrets, ContextWithFacts {
  readonly endpoint: EndpointName
  readonly receivedAt: number
  /** Set by whoever waits for what is done in the request. */
  timedOut = false
  readonly #request: HttpRequest
  readonly #receivedAt = performance.now()
  readonly #nameRequest: NameRequest | undefined
  readonly #clientAddress: ClientAddress | undefined
  #requestId: string | undefined
  #parameters: ReadonlyMap<string, string> | undefined
  #form: Parameters | undefined
  #clientId: string | undefined
  #grantType: string | undefined
  #refused: RefusalFacts | undefined

  constructor(request: HttpRequest, endpoint: EndpointName, { requestId, clientAddress, clock }: RequestSettings) {
    this.#request = request
    this.endpoint = endpoint
    this.receivedAt = millisecondsOf(clock)
    this.#nameRequest = requestId
    this.#clientAddress = clientAddress
  }

  get requestId(): string {
    return (this.#requestId ??=
      this.endpoint === 'guard'
        ? requestIdOf(this.#request, this.#nameRequest)
        : lastRequestIdOf(this.#request, this.#nameRequest))
  }

  get ageMilliseconds(): number {
    return performance.now() - this.#receivedAt
  }

  get address(): string | undefined {
    return addressOf(this.#request, this.#clientAddress)
  }

  get userAgent(): string | undefined {
    return this.#request.headers['user-agent']
  }

  get parameters(): ReadonlyMap<string, string> {
    return (this.#parameters ??= this.#form?.withoutSecrets() ?? noParameters)
  }

  /** What must not reach a log; worked out when a failure is told of. */
  secretValues(): readonly string[] {
    return secretsOfRequest(this.#request, this.#form)
  }

  noteClient(clientId: string): void {
    this.#clientId = clientId
  }

  noteGrantType(grantType: string): void {
    this.#grantType = grantType
  }

  noteRefused(facts: RefusalFacts): void {
    this.#refused = facts
  }

  /** What is known of it, once it is refused. */
  facts(): RequestFacts {
    const asked = this.endpoint === 'token' ? this.#form : undefined
    const resources = asked?.resources ?? []
    return {
      clientId: this.#clientId,
      grantType: this.#grantType,
      scope: asked?.get('scope'),
      resource: resources.length === 0 ? undefined : resources.join(' '),
      ...this.#refused,
    }
  }

  /** The same request, once its parameters are known. */
  with(form: Parameters): this {
    this.#form = form
    return this
  }
}
