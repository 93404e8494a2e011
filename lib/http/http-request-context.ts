import type { RefusalFacts } from '../errors/refusal.js'
import { millisecondsOf, type Clock } from '../time/clock.js'
import type { Parameters } from '../protocol/parameters.js'
import { type EndpointName, createRequestId } from '../request/request-context.js'
import type { ContextWithFacts, RequestFacts, ContextWithSecrets } from '../request/request-facts.js'
import type { HttpRequest } from './http.js'
import { secretsOfRequest } from './secrets-of-request.js'
import { isUnwantedPromise } from '../time/maybe-promise.js'

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

/** How an application names a request; what is no name (1 to 128 characters of `[\w.:~+/=-]`) is as good as nothing. */
export type NameRequest = (req: HttpRequest) => string | undefined

/** What may stand in a header and in a log as it is. */
const form = /^[\w.:~+/=-]{1,128}$/

/** A request that several guards look at has one name. For all builds of this package (ESM, CommonJS) alike. */
const named: unique symbol = Symbol.for('latchkey.requestId')

interface Named {
  [named]?: string | undefined
}

/** The name of a request: what the application calls it, or else our own, made when somebody asks for the first time. */
export function requestIdOf(req: HttpRequest & Named, nameRequest: NameRequest | undefined): string {
  return (req[named] ??= newName(req, nameRequest))
}

/** The same for who answers the request: nobody looks at it afterwards, and to note it there costs microseconds under Express. */
export function lastRequestIdOf(req: HttpRequest & Named, nameRequest: NameRequest | undefined): string {
  return req[named] ?? newName(req, nameRequest)
}

function newName(req: HttpRequest, nameRequest: NameRequest | undefined): string {
  return (nameRequest && givenName(req, nameRequest)) ?? createRequestId()
}

/** Whatever is wrong with it: the request goes on. */
function givenName(req: HttpRequest, nameRequest: NameRequest): string | undefined {
  try {
    const name: unknown = nameRequest(req)
    return !isUnwantedPromise(name) && typeof name === 'string' && form.test(name) ? name : undefined
  } catch {
    return undefined
  }
}

/** How an application tells the network address of a caller; what is no text is as good as nothing. */
export type ClientAddress = (req: HttpRequest) => string | undefined

/** The address of a caller: what the application says, or what Express makes of its `trust proxy`, or that of the peer. */
export function addressOf(req: HttpRequest, clientAddress: ClientAddress | undefined): string | undefined {
  return (clientAddress && toldAddress(req, clientAddress)) ?? req.ip ?? req.socket.remoteAddress
}

/** Whatever is wrong with it: the request goes on. */
function toldAddress(req: HttpRequest, clientAddress: ClientAddress): string | undefined {
  try {
    const address: unknown = clientAddress(req)
    return !isUnwantedPromise(address) && typeof address === 'string' && address !== '' ? address : undefined
  } catch {
    return undefined
  }
}
