import type { ClientWatch } from '../clients/client-watch.js'
import type { Emit } from '../telemetry/events.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { applicationContext } from '../request/request-context.js'
import type { ClientRegistry, ClientStore } from '../stores/client-store.js'
import type { SigningKeys } from '../jose/signing-key-set.js'

/** Milliseconds after startup, in which the application may connect, migrate, and create its first signing key. */
const PATIENCE_MILLISECONDS = 5000

/** What is checked when a server starts. */
export interface StartServices {
  readonly clients: ClientStore
  readonly signingKeys: SigningKeys | undefined
  readonly clientWatch: Pick<ClientWatch, 'seeAll'>
  readonly emit: Emit
}

/**
 * Checks for mistakes that only the first user would notice: clients that do not fit the server, signing keys that cannot sign. Clients in
 * memory are checked now. A database is asked once, later; its errors are left to the requests.
 */
export function lookAtStart({ clients, signingKeys, clientWatch, emit }: StartServices): void {
  const registry = clients as Partial<ClientRegistry>
  const isInMemory = registry.isVolatile === true
  if (isInMemory) clientWatch.seeAll(registry.listClients?.())
  const later = async (): Promise<void> => {
    await lookAtKeys(signingKeys, emit)
    if (!isInMemory) clientWatch.seeAll(await registry.listClients?.())
  }
  // Do not keep the process alive.
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
  // The first request reports an unreachable store.
}
