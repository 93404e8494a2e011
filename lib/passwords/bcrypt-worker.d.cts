/** What a worker is asked to do; every password has passed `bcryptInput`, every hash `bcryptCost`. */
export type BcryptJob = BcryptHashJob | BcryptVerifyJob

/** Hash a password; the answer is the hash. */
export interface BcryptHashJob {
  readonly kind: 'hash'
  readonly password: string
  readonly cost: number
}

/** Verify a password; the answer is a boolean. */
export interface BcryptVerifyJob {
  readonly kind: 'verify'
  readonly password: string
  readonly passwordHash: string
  /** The work to do at least, as a bcrypt cost, however low that of the hash is. */
  readonly cost: number
}

/** What a worker uses of bcryptjs. */
export interface SynchronousBcrypt {
  hashSync(password: string, costOrSalt: number | string): string
  compareSync(password: string, passwordHash: string): boolean
  getRounds(passwordHash: string): number
}

/** JavaScript that a worker runs; it needs no file of its own. */
export declare const workerCode: string

/** Does one job, as a worker does. */
export declare function answerJob(job: BcryptJob, bcrypt: SynchronousBcrypt): string | boolean
