import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import type { Client, ClientSecret } from '../stores/client-store.js'
import type { ClientAuthMethod } from './client-auth-method.js'
import type { NoteSecretUse } from './note-secret-use.js'

const SHA256 = 'sha256:'
/** What is compared where there is nothing to compare, by the same steps: nobody knows the secret, and it opens nothing. */
const nobodys: readonly ClientSecret[] = [{ digest: digestClientSecret(randomBytes(32).toString('base64url')) }]

/** The digest of a generated secret, as `ClientSecret.digest` keeps it. Only for secrets of at least 128 random bits. */
export function digestClientSecret(secret: string): string {
  return SHA256 + hash('sha256', secret, 'base64url')
}

/** Verifies the secret that a client presents; the same for Basic and for the body. */
export type ClientSecretVerifier = Required<Pick<ClientAuthMethod, 'verifyCredentials' | 'canBeGuessed'>>

/**
 * Makes what compares secrets. Generated secrets are compared by their SHA-256 digest in constant time, so that
 * the token endpoint costs no slow hash; secrets that people chose are compared by `hasher`. `noteUse` is told of those that match.
 */
export function clientSecretVerifier(hasher: PasswordHasher, noteUse?: NoteSecretUse): ClientSecretVerifier {
  let slowHashesInUse = false
  return {
    verifyCredentials(client, { proof = '' }, now, context) {
      const live = liveSecrets(client, now)
      if (proof === '') return false
      const matching = findByDigest(live, proof)
      if (matching !== undefined) return accept(matching, false)
      const chosen = live.filter(isChosen)
      slowHashesInUse ||= chosen.length > 0
      // Once a client with a slow hash was here, a quick refusal would tell which ids are not such a client's.
      if (chosen.length === 0 && slowHashesInUse) return andThen(hasher.verifyNobody(proof), () => false)
      return andThen(findChosen(hasher, chosen, proof), (found) => found !== undefined && accept(found, true))

      function accept(secret: ClientSecret, isChosen: boolean): true {
        if (client !== undefined) noteUse?.({ clientId: client.clientId, secret, proof, isChosen, now, context })
        return true
      }
    },
    canBeGuessed(client, { proof = '' }, now) {
      const live = liveSecrets(client, now)
      slowHashesInUse ||= live.some(isChosen)
      // For whom there is no slow hash, too: what happens after many failures, and how fast, must not tell them apart.
      return slowHashesInUse && proof !== '' && findByDigest(live, proof) === undefined
    },
  }
}

/** Finds a generated secret among all: the same work for every wrong one, and where there is none. */
function findByDigest(live: readonly ClientSecret[], proof: string): ClientSecret | undefined {
  const presented = Buffer.from(digestClientSecret(proof), 'latin1')
  let found: ClientSecret | undefined
  for (const secret of live) {
    const stored = Buffer.from(secret.digest, 'latin1')
    if (stored.length === presented.length && timingSafeEqual(stored, presented)) found = secret
  }
  return live === nobodys ? undefined : found
}

function liveSecrets(client: Client | undefined, now: number): readonly ClientSecret[] {
  const secrets = client?.clientType === 'confidential' ? client.secrets : nobodys
  const live: ClientSecret[] = []
  // A loop: of frozen lists, as the store in memory has them, `filter` takes microseconds longer, and that would tell who exists.
  for (const secret of secrets) if (secret.expiresAt === undefined || now < secret.expiresAt) live.push(secret)
  return secrets === nobodys || live.length === 0 ? nobodys : live
}

/** Every secret that is no digest of ours is a slow hash of a secret that somebody chose. */
function isChosen({ digest }: ClientSecret): boolean {
  return !digest.startsWith(SHA256)
}

function findChosen(
  hasher: PasswordHasher,
  [first, ...others]: readonly ClientSecret[],
  proof: string,
): MaybePromise<ClientSecret | undefined> {
  if (first === undefined) return undefined
  return andThen(hasher.verify(proof, first.digest), (matches: unknown) =>
    matches === true ? first : findChosen(hasher, others, proof),
  )
}
