import type { ClientWatch } from '../clients/client-watch.js'
import type { Emit } from '../telemetry/events.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { applicationContext } from '../request/request-context.js'
import type { ClientRegistry, ClientStore } from '../stores/client-store.js'
import type { SigningKeys } from '../jose/signing-key-set.js'

/** How long after a server was made: meanwhile the application may connect, migrate, and make its first signing key. */
const PATIENCE_MILLISECONDS = 5000

/** What is looked at when a server starts. */
export interface StartServices {
  readonly clients: ClientStore
  readonly signingKeys: SigningKeys | undefined
  readonly clientWatch: Pick<ClientWatch, 'seeAll'>
  readonly emit: Emit
}

/**
 * Looks for what would be noticed by the first user only: clients that do not fit the server, signing keys that cannot sign. Clients in
 * memory are looked at now; a database is asked later, once, and whatever goes wrong with that is left to the requests.
 */
export function lookAtStart({ clients, signingKeys, clientWatch, emit }: StartServices): void {
  const registry = clients as Partial<ClientRegistry>
  const isInMemory = registry.isVolatile === true
  if (isInMemory) clientWatch.seeAll(registry.listClients?.())
  const later = async (): Promise<void> => {
    await lookAtKeys(signingKeys, emit)
    if (!isInMemory) clientWatch.seeAll(await registry.listClients?.())
  }
  // It keeps no process alive.
  setTimeout(() => void later().catch(ignore), PATIENCE_MILLISECONDS).unref()
}

async function lookAtKeys(signingKeys: SigningKeys | undefined, emit: Emit): Promise<void> {
  try {
    await signingKeys?.current()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) return
    emit(applicationContext(), { type: 'warning', code: 'unusable_signing_keys', message: error.message })
  }
}

function ignore(): void {
  // A store that is out of reach is told of by the first request.
}
