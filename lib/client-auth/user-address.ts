import { isIP } from 'node:net'
import { refusal } from '../errors/refusal.js'
import { noticedWarning } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import type { EndpointName, RequestContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'
import type { ClientAuthRequest } from './client-auth-method.js'

/** An address with or without a port, as proxies write it. */
const withPort = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[\d.]+))(?::\d{1,5})?$/
/** Grants in which no user signs in. */
const withoutUser: ReadonlySet<string> = new Set(['client_credentials', 'refresh_token'])

/**
 * Returns the request with the address of the user who signs in. A client that is registered for it (`tellsUserAddress`) sends the address in the
 * parameter `user_address`. From any other client the parameter is ignored, because it could invent addresses.
 *
 * Throws `invalid_request` for anything but an IP address, so that the mistake is noticed.
 */
export function requestOfUser<Request extends ClientAuthRequest>(
  client: Client,
  grantType: string,
  request: Request,
): Request {
  if (client.tellsUserAddress !== true || client.clientType !== 'confidential') return request
  const told = request.parameters.get('user_address')
  if (told === undefined || withoutUser.has(grantType)) return request
  const { v6, v4 } = withPort.exec(told)?.groups ?? {}
  const address = v6 ?? v4 ?? told
  // A zone is meaningful only on the machine that wrote it.
  if (isIP(address) === 0 || address.includes('%')) {
    throw refusal('invalid_request', 'user_address', 'The parameter user_address is not an IP address')
  }
  return { ...request, context: new UserContext(request.context, address) }
}

/** The context of a request with the address of the user. */
class UserContext implements RequestContext {
  readonly address: string
  readonly #request: RequestContext

  constructor(request: RequestContext, address: string) {
    this.#request = request
    this.address = address
  }

  get requestId(): string {
    return this.#request.requestId
  }

  get endpoint(): EndpointName | undefined {
    return this.#request.endpoint
  }

  get receivedAt(): number | undefined {
    return this.#request.receivedAt
  }

  get ageMilliseconds(): number | undefined {
    return this.#request.ageMilliseconds
  }

  get userAgent(): string | undefined {
    return this.#request.userAgent
  }

  get parameters(): ReadonlyMap<string, string> {
    return this.#request.parameters
  }

  get timedOut(): boolean {
    return this.#request.timedOut === true
  }
}

const MANY_USERS = 20
const MOST_ADDRESSES = 100

/** Notices confidential clients whose users all have one address: that of the web app's server. */
export class SharedAddressWatch {
  readonly #emit: Emit
  /** The users of each client and address, until there are many. The oldest come first. */
  readonly #users = new Map<string, Set<string>>()
  #finding: PostureFinding | undefined

  constructor(emit: Emit) {
    this.#emit = emit
  }

  /** Checks a sign-in. `context` is that of the user's request, with the address that it counts for. */
  see(client: Client, userId: string, context: RequestContext): void {
    if (this.#finding !== undefined || client.clientType !== 'confidential' || context instanceof UserContext) return
    const { address } = context
    if (address === undefined) return
    const key = `${client.clientId} ${address}`
    const users = this.#users.get(key) ?? new Set()
    this.#users.set(key, users.add(userId))
    if (users.size >= MANY_USERS) this.#notice(context)
    else if (this.#users.size > MOST_ADDRESSES) for (const [first] of this.#users) return void this.#users.delete(first)
  }

  /** Returns what was noticed. */
  finding(): PostureFinding | undefined {
    return this.#finding
  }

  #notice(context: RequestContext): void {
    this.#users.clear()
    this.#finding = sharedUserAddress
    this.#emit(context, noticedWarning(sharedUserAddress))
  }
}

const sharedUserAddress = {
  code: 'shared_user_address',
  reason: `${String(MANY_USERS)} users signed in by one client from one address, as by a web app's own server: a stranger who guesses there holds all of them up`,
  remedy:
    'Register the client with createClient({ tellsUserAddress: true }), and let it send the address of each user as user_address',
} as const satisfies PostureFinding
