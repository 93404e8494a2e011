import { retryAfter } from './oauth-error.js'

const brand = Symbol.for('latchkey.StoreUnavailableError')

/**
 * Thrown by a store, hook or hasher that cannot serve right now. The client is answered 503 `temporarily_unavailable` with
 * `Retry-After`, never a token and never a refusal of its credentials.
 */
export class StoreUnavailableError extends Error {
  /** Seconds after which it is worth trying again: whole, from 1 to a day. */
  readonly retryAfterSeconds: number

  constructor(message: string, options: { readonly cause?: unknown; readonly retryAfterSeconds?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'StoreUnavailableError'
    this.retryAfterSeconds = retryAfter(options.retryAfterSeconds ?? 1)
  }
}

// Not a member that the class declares: the ESM and the CommonJS build are two classes with one mark.
Object.defineProperty(StoreUnavailableError.prototype, brand, { value: true })

/** Tells this error from any other, also one that the other build (ESM, CommonJS) of this package made. */
export function isStoreUnavailableError(error: unknown): error is StoreUnavailableError {
  return typeof error === 'object' && error !== null && brand in error
}
