import type { RefusalFacts } from '../errors/refusal.js'
import { millisecondsOf, type Clock } from '../time/clock.js'
import type { Parameters } from '../protocol/parameters.js'
import { type EndpointName, createRequestId } from '../request/request-context.js'
import type { ContextWithFacts, RequestFacts, ContextWithSecrets } from '../request/request-facts.js'
import type { HttpRequest } from './http.js'
import { secretsOfRequest } from './secrets-of-request.js'
import { isUnwantedPromise } from '../time/maybe-promise.js'

/** How the requests to a server are identified, and how long they may take. */
export interface RequestSettings {
  /** Absent: every id is random. */
  readonly requestId: NameRequest | undefined
  /** Absent: no limit. */
  readonly requestTimeoutSeconds: number | undefined
  readonly clock: Clock
  /** Absent: Express's `trust proxy` decides. */
  readonly clientAddress?: ClientAddress | undefined
}

const noParameters: ReadonlyMap<string, string> = new Map<string, string>()

/** The context of an HTTP request. Every member is computed when it is first read. */
export class HttpRequestContext implements ContextWithSecrets, ContextWithFacts {
  readonly endpoint: EndpointName
  readonly receivedAt: number
  /** Set when the request has taken too long. */
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

  /** Returns the values that must not reach a log. Called for failures only. */
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

  /** Returns what is known about the request, for the event of a refusal. */
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

  /** Adds the parameters, and returns this context. */
  with(form: Parameters): this {
    this.#form = form
    return this
  }
}

/** Returns the id of a request. Anything but 1 to 128 characters of `[\w.:~+/=-]` is ignored. */
export type NameRequest = (req: HttpRequest) => string | undefined

/** The ids that are safe in a header and in a log. */
const form = /^[\w.:~+/=-]{1,128}$/

/** Marks a request with its id, so that several guards use the same. Both builds of this package (ESM, CommonJS) use this symbol. */
const named: unique symbol = Symbol.for('latchkey.requestId')

interface Named {
  [named]?: string | undefined
}

/** Returns the id of a request: that of the application, or a random one, created at the first call. */
export function requestIdOf(req: HttpRequest & Named, nameRequest: NameRequest | undefined): string {
  return (req[named] ??= newName(req, nameRequest))
}

/** The same, for the endpoint that responds: nobody needs the id afterwards, and marking the request takes microseconds under Express. */
export function lastRequestIdOf(req: HttpRequest & Named, nameRequest: NameRequest | undefined): string {
  return req[named] ?? newName(req, nameRequest)
}

function newName(req: HttpRequest, nameRequest: NameRequest | undefined): string {
  return (nameRequest && givenName(req, nameRequest)) ?? createRequestId()
}

/** Never throws: a broken hook must not fail the request. */
function givenName(req: HttpRequest, nameRequest: NameRequest): string | undefined {
  try {
    const name: unknown = nameRequest(req)
    return !isUnwantedPromise(name) && typeof name === 'string' && form.test(name) ? name : undefined
  } catch {
    return undefined
  }
}

/** Returns the network address of a client. Anything but a string is ignored. */
export type ClientAddress = (req: HttpRequest) => string | undefined

/** Returns the address of a client: from the hook of the application, from Express by its `trust proxy`, or that of the peer. */
export function addressOf(req: HttpRequest, clientAddress: ClientAddress | undefined): string | undefined {
  return (clientAddress && givenAddress(req, clientAddress)) ?? req.ip ?? req.socket.remoteAddress
}

/** Never throws: a broken hook must not fail the request. */
function givenAddress(req: HttpRequest, clientAddress: ClientAddress): string | undefined {
  try {
    const address: unknown = clientAddress(req)
    return !isUnwantedPromise(address) && typeof address === 'string' && address !== '' ? address : undefined
  } catch {
    return undefined
  }
}
