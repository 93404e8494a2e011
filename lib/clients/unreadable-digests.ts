import type { Emit } from '../telemetry/events.js'
import { findUnreadable, type PasswordHasher } from '../passwords/password-hasher.js'
import type { UnreadableHash } from '../passwords/unreadable-hash.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client, ClientSecret } from '../stores/client-store.js'
import { isChosen, isGeneratedDigest } from './secret-digest.js'
import { secretIdOf } from './secret-id.js'

const MOST_SECRETS = 100

/** Notices digests of secrets that no secret can match: nobody gets in by one, and the operator should know why. */
export interface UnreadableDigests {
  /** Finds one among the secrets of a client. */
  find(secrets: readonly ClientSecret[]): ClientSecret | undefined
  /** Warns of one, once for each secret; returns whether there is one. */
  tell(client: Client | undefined, secrets: readonly ClientSecret[], context: RequestContext): boolean
}

/** Makes what notices them; `hasher` is the one that reads chosen secrets. */
export function unreadableDigests(hasher: PasswordHasher, emit: Emit): UnreadableDigests {
  const told = new Set<string>()

  function problemOf(secret: ClientSecret): UnreadableHash | undefined {
    const { digest } = secret
    if (isGeneratedDigest(digest)) return undefined
    if (isGeneratedDigest(digest.trim())) return padded
    return isChosen(secret) ? findUnreadable(hasher, digest) : damaged
  }

  function find(secrets: readonly ClientSecret[]): ClientSecret | undefined {
    // A loop, as the list may be frozen: the same time as where there is no client.
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
      if (told.has(key) || told.size >= MOST_SECRETS) return true
      told.add(key)
      const { looksLike = '', remedy = storeDigest } = problemOf(secret) ?? {}
      const message = `The digest of secret ${secretId} of client ${clientId} looks like ${looksLike}, which nothing can match. ${remedy}.`
      emit(context, { type: 'warning', code: 'unreadable_digest', message, clientId, secretId })
      return true
    },
  }
}

const padded: UnreadableHash = {
  looksLike: 'a sha256 digest with blanks or a line break around it',
  remedy: 'Trim it where it is stored: a CHAR(n) column pads, and a file ends its lines',
}

const damaged: UnreadableHash = {
  looksLike: 'a sha256 digest that was cut off or changed',
  remedy: 'Store what digestClientSecret(secret) returns, 50 characters',
}

const storeDigest = 'Store digestClientSecret(secret), or the bcrypt hash of a secret that a person chose'
