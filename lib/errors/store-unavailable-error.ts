import { retryAfter } from './oauth-error.js'

const brand = Symbol.for('latchkey.StoreUnavailableError')

/**
 * Thrown by a store, hook or hasher that is unavailable at the moment. The response is 503 `temporarily_unavailable` with `Retry-After`:
 * never a token, and never a refusal of the credentials.
 *
 * @example
 * ```ts
 * throw new StoreUnavailableError('The user database does not respond', { retryAfterSeconds: 5 })
 * ```
 */
export class StoreUnavailableError extends Error {
  /** Seconds after which the client may try again: whole, from 1 to a day. */
  readonly retryAfterSeconds: number

  constructor(message: string, options: { readonly cause?: unknown; readonly retryAfterSeconds?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'StoreUnavailableError'
    this.retryAfterSeconds = retryAfter(options.retryAfterSeconds ?? 1)
  }
}

// Defined here and not as a member: the ESM and the CommonJS build have two classes with the same mark.
Object.defineProperty(StoreUnavailableError.prototype, brand, { value: true })

/** Returns whether an error is a `StoreUnavailableError`, of this or of the other build (ESM, CommonJS) of this package. */
export function isStoreUnavailableError(error: unknown): error is StoreUnavailableError {
  return typeof error === 'object' && error !== null && brand in error
}
