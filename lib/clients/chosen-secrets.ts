import { publicError } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import { andThen, isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client, ClientRegistry, ClientSecret, ClientStore } from '../stores/client-store.js'
import { isChosen } from './secret-digest.js'

const REFRESH_SECONDS = 3600

/**
 * Knows the highest number of chosen secrets (secrets that people made up) that a client has. Every wrong secret costs that many slow
 * hashes, for any client, known or not. Otherwise an attacker could tell from the time of a refusal which clients have such secrets.
 */
export interface ChosenSecrets {
  /** Whether chosen secrets are accepted. */
  readonly areEnabled: boolean
  /** Returns that number; `own` are the secrets of the client at hand. Returns a promise at the first use, while clients are listed. */
  most(own: readonly ClientSecret[], now: number, context: RequestContext): MaybePromise<number>
  /** Lists the clients again, after the response and at most once an hour. Called when a secret was wrong. */
  refresh(now: number, context: RequestContext): void
  /** Warns the operator, once, that a client was refused because its secret was chosen. */
  tellRefused(context: RequestContext): void
}

/** What {@link chosenSecrets} works with. */
export interface ChosenSecretsServices {
  readonly clients: ClientStore
  readonly hasher: PasswordHasher
  readonly emit: Emit
  /** Absent: taken from the clients that the store lists; false if it cannot list them. */
  readonly chosenClientSecrets: boolean | undefined
}

/** Creates a {@link ChosenSecrets} from the option, or from a list of all clients that is made at the first use and again each hour. */
export function chosenSecrets({ clients, hasher, emit, chosenClientSecrets }: ChosenSecretsServices): ChosenSecrets {
  const registry = chosenClientSecrets === undefined && isListed(clients) ? clients : undefined
  const areEnabled = registry !== undefined || chosenClientSecrets === true
  /** The number by the option or the list; `undefined` before the first list. */
  let listed = registry === undefined ? Number(areEnabled) : undefined
  /** The highest number among the clients that were looked up. */
  let seen = 0
  let listedAt = 0
  let hasToldRefused = false
  let listing: MaybePromise<number> | undefined

  function learn(own: readonly ClientSecret[]): void {
    if (!areEnabled) return
    let count = 0
    for (const secret of own) if (isChosen(secret)) count += 1
    if (count > seen) seen = count
  }

  function list(now: number, context: RequestContext): MaybePromise<number> {
    if (registry === undefined) return listed ?? 0
    if (listing !== undefined) return listing
    listedAt = now
    const count = (all: readonly Client[]): number => {
      const most = countMost(all, now, hasher)
      listed = most
      listing = undefined
      return most
    }
    // If the list fails, assume one: an unnecessary slow hash is better than a response time that tells.
    const failed = (cause: unknown): number => {
      emitError(emit, context, publicError(cause))
      listed ??= 1
      listing = undefined
      return listed
    }
    try {
      const all = registry.listClients()
      if (!isPromiseLike(all)) return count(all)
      listing = Promise.resolve(all).then(count).catch(failed)
      return listing
    } catch (cause) {
      return failed(cause)
    }
  }

  return {
    areEnabled,
    most(own, now, context) {
      learn(own)
      return listed === undefined ? andThen(list(now, context), (most) => Math.max(most, seen)) : Math.max(listed, seen)
    },
    refresh(now, context) {
      if (registry === undefined || listed === undefined || Math.abs(now - listedAt) < REFRESH_SECONDS) return
      listedAt = now
      // After the response: listing may take long, and the known number is good enough.
      setImmediate(() => void list(now, context))
    },
    tellRefused(context) {
      if (hasToldRefused) return
      hasToldRefused = true
      emit(context, { type: 'warning', code: 'chosen_secrets_not_enabled', message: refused })
    },
  }
}

const refused =
  'A client was refused because its secret was chosen by a person and not generated. Set chosenClientSecrets: true, or give the client a generated secret (createClient, clients.rotateSecret)'

function isListed(clients: ClientStore): clients is ClientRegistry {
  return typeof (clients as Partial<ClientRegistry>).listClients === 'function'
}

function countMost(all: readonly Client[], now: number, hasher: PasswordHasher): number {
  let most = 0
  for (const client of all) {
    if (client.clientType !== 'confidential') continue
    let count = 0
    for (const secret of client.secrets) {
      if (!isChosen(secret) || (secret.expiresAt !== undefined && secret.expiresAt <= now)) continue
      count += 1
      hasher.noteHash?.(secret.digest)
    }
    if (count > most) most = count
  }
  return most
}
