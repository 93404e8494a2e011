import { randomUUID } from 'node:crypto'
import type { Parameters } from '../protocol/parameters.js'
import type { RequestContext } from '../protocol/request-context.js'
import type { HttpRequest } from './http.js'

const noParameters: ReadonlyMap<string, string> = new Map<string, string>()

/** The context of an HTTP request; what nobody asks for is not worked out. */
export class HttpRequestContext implements RequestContext {
  readonly #request: HttpRequest
  #requestId: string | undefined
  #parameters: ReadonlyMap<string, string> | undefined
  #form: Parameters | undefined

  constructor(request: HttpRequest) {
    this.#request = request
  }

  get requestId(): string {
    return (this.#requestId ??= randomUUID())
  }

  get address(): string | undefined {
    return this.#request.ip ?? this.#request.socket.remoteAddress
  }

  get userAgent(): string | undefined {
    return this.#request.headers['user-agent']
  }

  get parameters(): ReadonlyMap<string, string> {
    return (this.#parameters ??= this.#form?.withoutSecrets() ?? noParameters)
  }

  /** The same request, once its parameters are known. */
  with(form: Parameters): this {
    this.#form = form
    return this
  }
}
