import { publicError } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import { isUnwantedPromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { ClientSecret, ClientStore } from '../stores/client-store.js'
import { changeClient, isChangeable, type ChangeableClients, type ClientChange } from './change-client.js'
import { secretIdOf } from './secret-digest.js'

const INTERVAL_SECONDS = 3600
const MOST_REMEMBERED = 10_000

/** A client has authenticated by one of its secrets. */
export interface SecretUse {
  readonly clientId: string
  readonly secret: ClientSecret
  /** The secret as it was presented. */
  readonly proof: string
  /** Whether a person chose it, so that it is stored as a slow hash. */
  readonly isChosen: boolean
  /** Seconds since the epoch. */
  readonly now: number
  readonly context: RequestContext
}

/** Notes the use of a secret, later. A failure is reported as an event and has no other effect. */
export type NoteSecretUse = (use: SecretUse) => void

/**
 * Creates a function that records when a secret was last used, at most once an hour, and rehashes a chosen secret whose hash is weaker than
 * those of `hasher`. Returns `undefined` if the clients of the store cannot be changed.
 */
export function secretUseNotes(services: {
  readonly clients: ClientStore
  readonly hasher: PasswordHasher
  readonly emit: Emit
}): NoteSecretUse | undefined {
  const { clients, hasher, emit } = services
  if (!isChangeable(clients)) return undefined
  /** Digest → when we last recorded its use, even if writing failed or a cached client does not show it. */
  const recordedAt = new Map<string, number>()

  return (use) => {
    const { secret, isChosen, now, context } = use
    const failed = (cause: unknown): void => emitError(emit, context, publicError(cause))
    try {
      const needsRehash: unknown = isChosen && hasher.needsRehash(secret.digest)
      const isWeak = !isUnwantedPromise(needsRehash) && needsRehash === true
      if (!isWeak && isRecent(secret.lastUsedAt, now)) return
      if (isRecent(recordedAt.get(secret.digest), now)) return
      if (recordedAt.size >= MOST_REMEMBERED) recordedAt.clear()
      recordedAt.set(secret.digest, now)
      // After the response, even if the store works without promises.
      setImmediate(() => void noteUse(clients, use, isWeak ? hasher : undefined).catch(failed))
    } catch (cause) {
      failed(cause)
    }
  }
}

async function noteUse(
  clients: ChangeableClients,
  { clientId, secret: { digest }, proof, now, context }: SecretUse,
  hasher: PasswordHasher | undefined,
): Promise<void> {
  const newDigest = await hasher?.hash(proof)
  await changeClient(clients, clientId, context, (client): ClientChange<void> => {
    const isDue = (secret: ClientSecret): boolean =>
      secret.digest === digest && (newDigest !== undefined || !isRecent(secret.lastUsedAt, now))
    // The secret was withdrawn meanwhile, or another process has recorded its use.
    if (client?.clientType !== 'confidential' || !client.secrets.some(isDue)) return { result: undefined }
    const used = (secret: ClientSecret): ClientSecret => ({
      ...secret,
      secretId: secretIdOf(secret),
      digest: newDigest ?? digest,
      lastUsedAt: now,
    })
    const secrets = client.secrets.map((secret) => (isDue(secret) ? used(secret) : secret))
    return { next: { ...client, secrets }, result: undefined }
  })
}

/** Returns whether a time is less than an hour ago, or ahead: the clock of another process may be. */
function isRecent(time: number | undefined, now: number): boolean {
  return time !== undefined && Math.abs(now - time) < INTERVAL_SECONDS
}
