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
 * Whether any client has a secret that a person chose, and how many the one with the most of them has: a wrong secret costs that many slow
 * hashes, whichever client it is presented for, known or not. Otherwise the time of a refusal would tell which ids such clients have.
 */
export interface ChosenSecrets {
  /** Whether chosen secrets are accepted at all. */
  readonly areEnabled: boolean
  /** The number; `own` are the secrets of the client at hand. A promise while it is looked up, at the first use. */
  most(own: readonly ClientSecret[], now: number, context: RequestContext): MaybePromise<number>
  /** Looks again, later and seldom: called where a secret was wrong. */
  refresh(now: number, context: RequestContext): void
  /** Tells the operator once that a client was refused because its secret was chosen. */
  tellRefused(context: RequestContext): void
}

/** What {@link chosenSecrets} works with. */
export interface ChosenSecretsServices {
  readonly clients: ClientStore
  readonly hasher: PasswordHasher
  readonly emit: Emit
  /** Absent: what the store lists; no, where it cannot list. */
  readonly chosenClientSecrets: boolean | undefined
}

/** Makes what knows of chosen secrets: by the option, else by a list of all clients, made at the first use and again each hour. */
export function chosenSecrets({ clients, hasher, emit, chosenClientSecrets }: ChosenSecretsServices): ChosenSecrets {
  const registry = chosenClientSecrets === undefined && isListed(clients) ? clients : undefined
  const areEnabled = registry !== undefined || chosenClientSecrets === true
  /** What the option or the list said; `undefined` before the first list. */
  let told = registry === undefined ? Number(areEnabled) : undefined
  /** What clients had that were found. */
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
    if (registry === undefined) return told ?? 0
    if (listing !== undefined) return listing
    listedAt = now
    const count = (all: readonly Client[]): number => {
      const most = countMost(all, now, hasher)
      told = most
      listing = undefined
      return most
    }
    // Whoever cannot tell is taken for one that has some: a slow hash more harms less than an answer that tells.
    const failed = (cause: unknown): number => {
      emitError(emit, context, publicError(cause))
      told ??= 1
      listing = undefined
      return told
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
      return told === undefined ? andThen(list(now, context), (most) => Math.max(most, seen)) : Math.max(told, seen)
    },
    refresh(now, context) {
      if (registry === undefined || told === undefined || Math.abs(now - listedAt) < REFRESH_SECONDS) return
      listedAt = now
      // After the answer: a list may take long, and what is known is good enough.
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
  'A client is refused because its secret was chosen by a person and not generated. Set chosenClientSecrets: true, or give the client a generated secret (createClient, clients.rotateSecret)'

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
