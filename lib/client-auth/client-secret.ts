import { hash, timingSafeEqual } from 'node:crypto'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import type { Client, ClientSecret } from '../stores/client-store.js'
import type { ClientAuthMethod } from './client-auth-method.js'

const SHA256 = 'sha256:'
const noSecrets: readonly ClientSecret[] = []
const nobody = Buffer.from(digestClientSecret('nobody'), 'latin1')

/** The digest of a generated secret, as `ClientSecret.digest` keeps it. Only for secrets of at least 128 random bits. */
export function digestClientSecret(secret: string): string {
  return SHA256 + hash('sha256', secret, 'base64url')
}

/** Verifies the secret that a client presents; the same for Basic and for the body. */
export type ClientSecretVerifier = Required<Pick<ClientAuthMethod, 'verifyCredentials' | 'canBeGuessed'>>

/**
 * Makes what compares secrets. Generated secrets are compared by their SHA-256 digest in constant time, so that
 * the token endpoint costs no slow hash; secrets that people chose are compared by `hasher`.
 */
export function clientSecretVerifier(hasher: PasswordHasher): ClientSecretVerifier {
  let slowHashesInUse = false
  return {
    verifyCredentials(client, { proof = '' }, now) {
      const live = liveSecrets(client, now)
      if (proof === '') return false
      if (matchesDigest(live, proof)) return true
      const chosen = live.filter(isChosen)
      slowHashesInUse ||= chosen.length > 0
      // Once a client with a slow hash was here, a quick refusal would tell which ids are not such a client's.
      if (chosen.length === 0 && slowHashesInUse) return andThen(hasher.verifyNobody(proof), () => false)
      return verifyChosenSecrets(hasher, chosen, proof)
    },
    canBeGuessed(client, { proof = '' }, now) {
      const live = liveSecrets(client, now)
      slowHashesInUse ||= live.some(isChosen)
      // For whom there is no slow hash, too: what happens after many failures, and how fast, must not tell them apart.
      return slowHashesInUse && proof !== '' && !matchesDigest(live, proof)
    },
  }
}

/** Whether it is a generated secret: the same work for every wrong one, and where there is none. */
function matchesDigest(live: readonly ClientSecret[], proof: string): boolean {
  const presented = Buffer.from(digestClientSecret(proof), 'latin1')
  const stored = live.length === 0 ? [nobody] : live.map(({ digest }) => Buffer.from(digest, 'latin1'))
  let matches = false
  for (const digest of stored) {
    if (digest.length === presented.length && timingSafeEqual(digest, presented)) matches = true
  }
  return matches && live.length > 0
}

function liveSecrets(client: Client | undefined, now: number): readonly ClientSecret[] {
  if (client?.clientType !== 'confidential') return noSecrets
  return client.secrets.filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt)
}

/** Every secret that is no digest of ours is a slow hash of a secret that somebody chose. */
function isChosen({ digest }: ClientSecret): boolean {
  return !digest.startsWith(SHA256)
}

function verifyChosenSecrets(
  hasher: PasswordHasher,
  [first, ...others]: readonly ClientSecret[],
  proof: string,
): MaybePromise<boolean> {
  if (first === undefined) return false
  return andThen(hasher.verify(proof, first.digest), (matches) => matches || verifyChosenSecrets(hasher, others, proof))
}
