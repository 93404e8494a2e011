import { availableParallelism } from 'node:os'
import { describeOptions } from '../checks/describe-options.js'
import { oneOf, wholeNumber } from '../checks/option-kind.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import { bcryptCost, unreadableBcryptHash } from './unreadable-hash.js'
import { bcryptInput, type LongPasswords } from './bcrypt-input.js'
import { type BcryptJob, workerCode } from './bcrypt-worker.cjs'
import type { PasswordHasher } from './password-hasher.js'
import { WorkerPool } from './worker-pool.js'

/** Settings of {@link bcryptHasher}. */
export interface BcryptHasherOptions {
  /**
   * Binary logarithm of the rounds of a new hash, from 10 to 15; each step doubles the work. Default 10. If stored hashes have a higher
   * cost, use theirs: response times reveal nothing as long as no hash costs more than this. Once a hasher finds a costlier hash, it does
   * that work for every password, up to cost 15, and `posture()` reports it.
   */
  readonly cost?: number | undefined
  /** Worker threads, from 1 to 64. Each takes about 10 MB once it is used. Default: one per processor, at most 4. */
  readonly workers?: number | undefined
  /**
   * Passwords that may wait for a worker, from 0 to 10,000. When the queue is full, the newest one of the party with the most is refused
   * with `StoreUnavailableError`. Default 200.
   */
  readonly queueLimit?: number | undefined
  /**
   * What to do with passwords of more than 72 bytes of UTF-8, where bcrypt ignores the rest. `refuse`, the default: they cannot be hashed
   * and never match. `prehash`: bcrypt gets `base64(HMAC-SHA-384(key, password))` instead, with the key `latchkey bcrypt prehash v1`;
   * shorter ones stay as they are. Either way, a hash that another program made of the first 72 bytes of a longer password does not match.
   */
  readonly longPasswords?: LongPasswords | undefined
}

/** The options of a bcrypt hasher, checked, with defaults. */
export interface BcryptHasherSettings {
  readonly cost: number
  readonly workers: number
  readonly queueLimit: number
  readonly longPasswords: LongPasswords
}

const description = describeOptions<BcryptHasherOptions>()('bcryptHasher', {
  cost: wholeNumber(10, 15).or(10),
  workers: wholeNumber(1, 64),
  queueLimit: wholeNumber(0, 10_000).or(200),
  longPasswords: oneOf('refuse', 'prehash').or('refuse'),
})

/**
 * A password hasher with its own threads.
 *
 * `hash` throws a `RangeError` for a password that bcrypt cannot tell from another one: too long, with a NUL character, or not well-formed
 * Unicode. `verify` returns false for it, after the same work.
 */
export interface BcryptHasher extends PasswordHasher {
  /** Ends the threads. Unfinished and later work rejects with `StoreUnavailableError`. */
  close(): Promise<void>
}

/**
 * Creates a hasher that runs bcrypt in worker threads. They start when they are first needed, and do not keep the process alive.
 *
 * It verifies `$2a$`, `$2b$` and `$2y$` hashes with a cost from 4 to 19; no password matches any other hash. Throws `ConfigurationError` for
 * options that are unknown or out of range.
 *
 * @example
 * ```ts
 * const hasher = bcryptHasher({ cost: 12 })
 * const passwordHash = await hasher.hash('correct horse battery staple')
 * ```
 */
export function bcryptHasher(options: BcryptHasherOptions = {}): BcryptHasher {
  const settings = resolveBcryptHasherOptions(options)
  const { workers, queueLimit, cost } = settings
  const jobMilliseconds = 75 * 2 ** (cost - 10)
  return bcryptHasherOn(new WorkerPool({ code: workerCode, size: workers, queueLimit, jobMilliseconds }), settings)
}

/** The workers of a bcrypt hasher. */
export type BcryptWorkers = Pick<WorkerPool<BcryptJob, string | boolean>, 'run' | 'close'>

/**
 * The highest cost that the work for every password follows. One hash of cost 19 would make every sign-in take 500 times as long, so a hash
 * above this cost stands out by its response time, and the finding says so.
 */
const HIGHEST_FOLLOWED = 15

/** Creates the hasher on given workers, with unchecked settings. Not public. */
export function bcryptHasherOn(
  workers: BcryptWorkers,
  { cost, longPasswords }: Pick<BcryptHasherSettings, 'cost' | 'longPasswords'>,
): BcryptHasher {
  const hashOfNobody = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
  /** The highest cost seen so far. */
  let highestCost = cost

  /** Returns whether a hash can be read. */
  function noteHash(passwordHash: string): boolean {
    const hashCost = bcryptCost(passwordHash)
    if (hashCost !== undefined && hashCost > highestCost) highestCost = hashCost
    return hashCost !== undefined
  }

  async function verify(password: string, passwordHash: string, party?: string): Promise<boolean> {
    const input = bcryptInput(password, longPasswords)
    const readable = noteHash(passwordHash)
    const job = {
      kind: 'verify',
      // bcrypt reads 72 bytes; do not copy more to the worker.
      password: input ?? password.slice(0, 72),
      passwordHash: readable ? passwordHash : hashOfNobody,
      // The same work for everybody, or the response time would tell who has a costlier hash.
      cost: Math.max(cost, Math.min(highestCost, HIGHEST_FOLLOWED)),
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
      await verify(password, hashOfNobody, party)
    },

    needsRehash(passwordHash) {
      return (bcryptCost(passwordHash) ?? 0) < cost
    },

    noteHash,

    unreadableHash: unreadableBcryptHash,

    weaknesses() {
      return highestCost > cost ? [costlierHashes(cost, highestCost)] : []
    },

    close() {
      return workers.close()
    },
  }
}

function costlierHashes(cost: number, highest: number): PostureFinding {
  const isFollowed = highest <= HIGHEST_FOLLOWED
  return {
    code: 'costlier_hashes',
    reason: `Stored hashes cost more than the hasher's (${String(highest)}, not ${String(cost)}): ${
      isFollowed
        ? 'after each start, the first sign-in of such a user takes longer than that of a user who does not exist'
        : `it follows them up to ${String(HIGHEST_FOLLOWED)}, so response times reveal who has such a hash`
    }`,
    remedy: isFollowed
      ? `Give it their cost: bcryptHasher({ cost: ${String(highest)} })`
      : `Reset these passwords, and use bcryptHasher({ cost: ${String(HIGHEST_FOLLOWED)} }) or less`,
  }
}

/** Reads the options. Throws `ConfigurationError`. */
export function resolveBcryptHasherOptions(options: BcryptHasherOptions): BcryptHasherSettings {
  const { workers = Math.min(availableParallelism(), 4), ...settings } = description.read(options)
  return { ...settings, workers }
}
