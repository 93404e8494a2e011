import type { PostureFinding } from '../telemetry/operator-events.js'
import { bcryptCost } from './bcrypt-cost.js'
import {
  resolveBcryptHasherOptions,
  type BcryptHasherOptions,
  type BcryptHasherSettings,
} from './bcrypt-hasher-options.js'
import { bcryptInput } from './bcrypt-input.js'
import { workerCode, type BcryptJob } from './bcrypt-worker.cjs'
import type { PasswordHasher } from './password-hasher.js'
import { unreadableBcryptHash } from './unreadable-hash.js'
import { WorkerPool } from './worker-pool.js'

export type { BcryptHasherOptions } from './bcrypt-hasher-options.js'

/**
 * A password hasher with threads of its own.
 *
 * `hash` throws a `RangeError` for a password that bcrypt cannot tell from another: too long, with a NUL character, or not
 * well-formed Unicode. `verify` answers false for it, after the same work.
 */
export interface BcryptHasher extends PasswordHasher {
  /** Ends the threads. Unfinished and later work rejects with `StoreUnavailableError`. */
  close(): Promise<void>
}

/**
 * Hashes passwords with bcrypt in worker threads, which start when they are first needed and do not keep the process from
 * ending.
 *
 * Verifies `$2a$`, `$2b$` and `$2y$` hashes with a cost from 4 to 19; no password matches any other. Once it has seen a hash that costs
 * more than its own, it does as much work for every password, up to that of cost 15. Throws a `ConfigurationError` for options that it
 * does not know or that are out of range.
 */
export function bcryptHasher(options: BcryptHasherOptions = {}): BcryptHasher {
  const settings = resolveBcryptHasherOptions(options)
  const { workers, queueLimit, cost } = settings
  const jobMilliseconds = 75 * 2 ** (cost - 10)
  return bcryptHasherOn(new WorkerPool({ code: workerCode, size: workers, queueLimit, jobMilliseconds }), settings)
}

/** Where a bcrypt hasher has its work done. */
export type BcryptWorkers = Pick<WorkerPool<BcryptJob, string | boolean>, 'run' | 'close'>

/**
 * The highest cost that all work follows once such a hash was seen: the highest that {@link BcryptHasherOptions} take. One hash of cost 19
 * would make every sign-in take 500 times as long, so a costlier hash stands out by its time, as the finding says.
 */
const DEAREST_FOLLOWED = 15

/** The hasher on given workers, with settings that are not checked; not part of the public interface. */
export function bcryptHasherOn(
  workers: BcryptWorkers,
  { cost, longPasswords }: Pick<BcryptHasherSettings, 'cost' | 'longPasswords'>,
): BcryptHasher {
  const nobodyHash = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
  /** The highest cost of a hash that was verified, or that of new ones. */
  let dearest = cost

  /** Returns whether it can be read. */
  function noteHash(passwordHash: string): boolean {
    const hashCost = bcryptCost(passwordHash)
    if (hashCost !== undefined && hashCost > dearest) dearest = hashCost
    return hashCost !== undefined
  }

  async function verify(password: string, passwordHash: string, party?: string): Promise<boolean> {
    const input = bcryptInput(password, longPasswords)
    const readable = noteHash(passwordHash)
    const job = {
      kind: 'verify',
      // bcrypt reads no further than 72 bytes, so a longer string would only be more to copy.
      password: input ?? password.slice(0, 72),
      passwordHash: readable ? passwordHash : nobodyHash,
      // The same work for nobody and for everybody, or its time would tell who has a costlier hash.
      cost: Math.max(cost, Math.min(dearest, DEAREST_FOLLOWED)),
    } as const
    const matches = await workers.run(job, party)
    return matches === true && input !== undefined && readable
  }

  return {
    async hash(password, party) {
      const input = bcryptInput(password, longPasswords)
      if (input === undefined) {
        throw new RangeError('bcrypt cannot hash this password: over 72 bytes, with a NUL, or not well-formed Unicode')
      }
      return String(await workers.run({ kind: 'hash', password: input, cost }, party))
    },

    verify,

    async verifyNobody(password, party) {
      await verify(password, nobodyHash, party)
    },

    needsRehash(passwordHash) {
      return (bcryptCost(passwordHash) ?? 0) < cost
    },

    noteHash,

    unreadableHash: unreadableBcryptHash,

    weaknesses() {
      return dearest > cost ? [costlierHashes(cost, dearest)] : []
    },

    close() {
      return workers.close()
    },
  }
}

function costlierHashes(cost: number, dearest: number): PostureFinding {
  const isFollowed = dearest <= DEAREST_FOLLOWED
  return {
    code: 'costlier_hashes',
    reason: `Stored hashes cost more than the hasher's (${String(dearest)}, not ${String(cost)}): ${
      isFollowed
        ? 'after each start the first sign-in of such a user takes longer than that of a user who does not exist'
        : `it follows them up to ${String(DEAREST_FOLLOWED)}, so the time of an answer tells who has such a hash`
    }`,
    remedy: isFollowed
      ? `Give it their cost: bcryptHasher({ cost: ${String(dearest)} })`
      : `Reset these passwords, and use bcryptHasher({ cost: ${String(DEAREST_FOLLOWED)} }) or less`,
  }
}
