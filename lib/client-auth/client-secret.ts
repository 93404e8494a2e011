import { randomBytes, timingSafeEqual } from 'node:crypto'
import { noticedWarning } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import { newFindings } from '../telemetry/operator-events.js'
import type { Client, ClientSecret } from '../stores/client-store.js'
import { networkOf } from '../throttle/network-of.js'
import type { ChosenSecrets } from '../clients/chosen-secrets.js'
import type { ClientAuthMethod } from './client-auth-method.js'
import type { NoteSecretUse } from '../clients/note-secret-use.js'
import { digestOfSecret, isChosen } from '../clients/secret-digest.js'
import { unreadableDigests, type UnreadableDigests } from '../clients/unreadable-digests.js'

/** Compared for unknown clients, by the same steps. It is the digest of a random secret that nobody knows. */
const secretsOfNobody: readonly ClientSecret[] = [{ digest: digestOfSecret(randomBytes(32).toString('base64url')) }]

/** Verifies the secret that a client presents, in Basic or in the body. */
export type ClientSecretVerifier = Pick<ClientAuthMethod, 'refusalReason'> &
  Required<Pick<ClientAuthMethod, 'verifyCredentials' | 'canBeGuessed'>>

/** What verifying secrets needs. */
export interface ClientSecretServices {
  readonly hasher: PasswordHasher
  readonly chosen: ChosenSecrets
  readonly emit: Emit
  /** Default: a new one. */
  readonly digests?: UnreadableDigests
  /** Called with each secret that matches. */
  readonly noteUse?: NoteSecretUse | undefined
}

/**
 * Creates the verifier of client secrets. Generated secrets are compared by their SHA-256 digest in constant time, so that the token endpoint
 * needs no slow hash. Secrets that people chose are verified by `hasher`. If any client has one, each wrong secret of any client costs the
 * same slow work, from the first request on.
 */
export function clientSecretVerifier(services: ClientSecretServices): ClientSecretVerifier {
  const { hasher, chosen, emit, noteUse, digests = unreadableDigests(hasher, emit) } = services
  const newWeaknesses = newFindings(() => hasher.weaknesses?.() ?? [])
  return {
    verifyCredentials(client, { proof = '' }, now, context) {
      const live = liveSecrets(client, now)
      if (proof === '') return false
      const matching = findByDigest(live, proof)
      if (matching !== undefined) return accept(matching, false)
      chosen.refresh(now, context)
      const isUnreadable = digests.tell(client, live, context)
      if (!isUnreadable && !chosen.areEnabled && live.some(isChosen)) chosen.tellRefused(context)
      return andThen(chosen.most(live, now, context), (most) => {
        if (most === 0) return false
        const party = networkOf(context.address)
        const own = live.filter(isChosen)
        return andThen(findChosen(hasher, own, proof, party), (found) => {
          for (const finding of newWeaknesses()) emit(context, noticedWarning(finding))
          return found === undefined ? verifyNobodies(hasher, most - own.length, proof, party) : accept(found, true)
        })
      })

      function accept(secret: ClientSecret, isChosen: boolean): true {
        if (client !== undefined) noteUse?.({ clientId: client.clientId, secret, proof, isChosen, now, context })
        return true
      }
    },
    canBeGuessed(client, { proof = '' }, now, context) {
      const live = liveSecrets(client, now)
      const most = chosen.most(live, now, context)
      // The right generated secret does not wait.
      if (most === 0 || proof === '' || findByDigest(live, proof) !== undefined) return false
      // Also for clients without a slow hash: what happens after many failures, and how fast, must not reveal which ones have one.
      return andThen(most, (slowHashes) => slowHashes > 0)
    },
    refusalReason(client, now) {
      const live = liveSecrets(client, now)
      if (digests.find(live) !== undefined) return 'unreadable_digest'
      return !chosen.areEnabled && live.some(isChosen) ? 'chosen_secrets_not_enabled' : undefined
    },
  }
}

/** Finds a generated secret, with the same work for every wrong one and for no secrets. */
function findByDigest(live: readonly ClientSecret[], proof: string): ClientSecret | undefined {
  const presented = Buffer.from(digestOfSecret(proof), 'latin1')
  let found: ClientSecret | undefined
  for (const secret of live) {
    const stored = Buffer.from(secret.digest, 'latin1')
    if (stored.length === presented.length && timingSafeEqual(stored, presented)) found = secret
  }
  return live === secretsOfNobody ? undefined : found
}

function liveSecrets(client: Client | undefined, now: number): readonly ClientSecret[] {
  const secrets = client?.clientType === 'confidential' ? client.secrets : secretsOfNobody
  const live: ClientSecret[] = []
  // A loop, because `filter` takes microseconds longer for frozen lists, as the memory store has, and would reveal who exists.
  for (const secret of secrets) if (secret.expiresAt === undefined || now < secret.expiresAt) live.push(secret)
  return secrets === secretsOfNobody || live.length === 0 ? secretsOfNobody : live
}

function findChosen(
  hasher: PasswordHasher,
  [first, ...others]: readonly ClientSecret[],
  proof: string,
  party: string,
): MaybePromise<ClientSecret | undefined> {
  if (first === undefined) return undefined
  return andThen(hasher.verify(proof, first.digest, party), (matches: unknown) =>
    matches === true ? first : findChosen(hasher, others, proof, party),
  )
}

/** Does the additional work that wrong secrets of other clients cost. */
function verifyNobodies(hasher: PasswordHasher, times: number, proof: string, party: string): MaybePromise<false> {
  if (times <= 0) return false
  return andThen(hasher.verifyNobody(proof, party), () => verifyNobodies(hasher, times - 1, proof, party))
}
