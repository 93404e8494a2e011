import type { Emit } from '../telemetry/events.js'
import { findUnreadable, type PasswordHasher } from '../passwords/password-hasher.js'
import type { UnreadableHash } from '../passwords/unreadable-hash.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client, ClientSecret } from '../stores/client-store.js'
import { isChosen, isGeneratedDigest, secretIdOf } from './secret-digest.js'

const MOST_SECRETS = 100

/** Finds stored digests that no secret can match, and tells the operator. */
export interface UnreadableDigests {
  /** Finds such a digest among the secrets of a client. */
  find(secrets: readonly ClientSecret[]): ClientSecret | undefined
  /** Warns of such a digest, once for each secret. Returns whether the client has one. */
  tell(client: Client | undefined, secrets: readonly ClientSecret[], context: RequestContext): boolean
}

/** Creates an {@link UnreadableDigests}. `hasher` reads chosen secrets. */
export function unreadableDigests(hasher: PasswordHasher, emit: Emit): UnreadableDigests {
  const warned = new Set<string>()

  function problemOf(secret: ClientSecret): UnreadableHash | undefined {
    const { digest } = secret
    if (isGeneratedDigest(digest)) return undefined
    if (isGeneratedDigest(digest.trim())) return padded
    return isChosen(secret) ? findUnreadable(hasher, digest) : damaged
  }

  function find(secrets: readonly ClientSecret[]): ClientSecret | undefined {
    // Runs for unknown clients too, so that the time reveals nothing.
    for (const secret of secrets) if (problemOf(secret) !== undefined) return secret
    return undefined
  }

  return {
    find,
    tell(client, secrets, context) {
      const secret = find(secrets)
      if (secret === undefined || client === undefined) return false
      const { clientId } = client
      const secretId = secretIdOf(secret)
      const key = `${clientId} ${secretId}`
      if (warned.has(key) || warned.size >= MOST_SECRETS) return true
      warned.add(key)
      const { looksLike = '', remedy = storeDigest } = problemOf(secret) ?? {}
      const message = `The digest of secret ${secretId} of client ${clientId} looks like ${looksLike}, which no secret can match. ${remedy}.`
      emit(context, { type: 'warning', code: 'unreadable_digest', message, clientId, secretId })
      return true
    },
  }
}

const padded: UnreadableHash = {
  looksLike: 'a sha256 digest with spaces or a line break around it',
  remedy: 'Trim it where it is stored: a CHAR(n) column pads, and a file ends with a line break',
}

const damaged: UnreadableHash = {
  looksLike: 'a sha256 digest that was cut off or changed',
  remedy: 'Store what digestClientSecret(secret) returns, 50 characters',
}

const storeDigest = 'Store digestClientSecret(secret), or the bcrypt hash of a secret that a person chose'
