import type { Emit } from '../telemetry/events.js'
import { applicationContext, type RequestContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'
import { checkClient } from './check-client.js'
import { clientMisfits, type ServerOffer } from './client-misfits.js'
import type { UnreadableDigests } from './unreadable-digests.js'

const MOST_CLIENTS = 10_000
const MOST_WARNINGS = 100
/** How many of a list are looked at, so that a start with many clients is not slow. */
const MOST_LISTED = 1000

/** Warns of clients that are registered for what this server does not have, and of their secrets that nothing can match. Each client is looked at once. */
export class ClientWatch {
  readonly #offer: ServerOffer
  readonly #digests: Pick<UnreadableDigests, 'tell'>
  readonly #emit: Emit
  readonly #seen = new Set<string>()
  #warnings = 0

  constructor(offer: ServerOffer, digests: Pick<UnreadableDigests, 'tell'>, emit: Emit) {
    this.#offer = offer
    this.#digests = digests
    this.#emit = emit
  }

  /** Looks at a client that has authenticated. */
  see(client: Client, context: RequestContext): void {
    const { clientId } = client
    if (this.#seen.has(clientId) || this.#seen.size >= MOST_CLIENTS) return
    this.#seen.add(clientId)
    if (client.disabled) return
    // One that ends is on its way out.
    const lasting =
      client.clientType === 'public' ? [] : client.secrets.filter(({ expiresAt }) => expiresAt === undefined)
    this.#digests.tell(client, lasting, context)
    for (const { code, message } of clientMisfits(client, this.#offer)) {
      if (this.#warnings++ < MOST_WARNINGS) this.#emit(context, { type: 'warning', code, message, clientId })
    }
  }

  /** Looks at what a store lists, if it can; what is not a client is refused when it is used. */
  seeAll(clients: unknown): void {
    if (!Array.isArray(clients)) return
    for (const client of clients.slice(0, MOST_LISTED) as readonly Client[]) {
      try {
        this.see(checkClient(client), applicationContext())
      } catch {
        // See above.
      }
    }
  }
}
