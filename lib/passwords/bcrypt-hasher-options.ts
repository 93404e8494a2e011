import { availableParallelism } from 'node:os'

import { describeOptions } from '../checks/describe-options.js'
import { oneOf, wholeNumber } from '../checks/option-kind.js'
import type { LongPasswords } from './bcrypt-input.js'

/** How passwords are hashed, and with how many threads. */
export interface BcryptHasherOptions {
  /**
   * Binary logarithm of the rounds of a new hash, from 10 to 15; each step doubles the work. Default 10. Where stored hashes
   * have a higher cost, use theirs: the time of an answer tells nothing as long as no hash is costlier than this. A hasher that finds a
   * costlier one does as much work for every password from then on, up to that of cost 15, and `posture()` tells of it.
   */
  readonly cost?: number | undefined
  /** Worker threads, from 1 to 64. Each takes about 10 MB once it is needed. Default: one per processor, at most 4. */
  readonly workers?: number | undefined
  /**
   * Passwords that may wait for a worker, from 0 to 10000; one more is refused with `StoreUnavailableError`, or the newest one of the
   * party that waits for the most where that is another. Default 200.
   */
  readonly queueLimit?: number | undefined
  /**
   * What becomes of passwords of more than 72 bytes of UTF-8, of which bcrypt ignores the rest. `refuse`, the default: they
   * cannot be hashed and never match. `prehash`: bcrypt gets `base64(HMAC-SHA-384(key, password))` in their place, with the
   * key `latchkey bcrypt prehash v1`; shorter ones stay as they are. Either way a hash that another program made of the first
   * 72 bytes of a longer password does not match it here.
   */
  readonly longPasswords?: LongPasswords | undefined
}

/** The options of a bcrypt hasher, checked and with their defaults. */
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

/** Checks the options; throws a `ConfigurationError` for a value out of range and for a name that is no option. */
export function resolveBcryptHasherOptions(options: BcryptHasherOptions): BcryptHasherSettings {
  const { workers = Math.min(availableParallelism(), 4), ...settings } = description.read(options)
  return { ...settings, workers }
}
