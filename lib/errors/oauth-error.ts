/** Every error code that leaves an endpoint or a guard, with its HTTP status (RFC 6749 §5.2, RFC 6750 §3.1). */
const statusByCode = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
} as const

/** An error code that may be answered; any other does not compile. */
export type OAuthErrorCode = keyof typeof statusByCode

/** What may be said of an error beside its code and description. */
export interface OAuthErrorOptions {
  /** What really happened: for events, never for the client. */
  readonly cause?: unknown
  /**
   * Why, in one line for the operator: `detail` of the event `request_refused`, never for the client. The event shows printable ASCII of at
   * most 256 characters. Put nothing secret into it.
   */
  readonly detail?: string | undefined
  /** HTTP status where it differs from the code's own, such as 413 for `invalid_request`. */
  readonly status?: number
  /** Seconds after which the client may try again. */
  readonly retryAfterSeconds?: number
}

/** RFC 6749 §5.2: what an `error_description` may consist of. */
const notAllowed = /[^\x20-\x21\x23-\x5B\x5D-\x7E]/g

const brand = Symbol.for('latchkey.OAuthError')

/**
 * A refusal that the client is told about as OAuth JSON.
 *
 * `description` is for the client's developer: ASCII without `"` and `\` (RFC 6749 §5.2), a constant, never user input. Throws a
 * `TypeError` for a code that is not in the table, and for a status that is no error.
 */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode
  readonly description: string
  readonly status: number
  readonly retryAfterSeconds: number | undefined
  readonly detail: string | undefined

  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    if (!Object.hasOwn(statusByCode, code)) throw new TypeError(`${code} is not an OAuth error code`)
    const { status = statusByCode[code] } = options
    if (!Number.isInteger(status) || status < 400 || status > 599)
      throw new TypeError(`${status} is not an error status`)
    super(`${code}: ${description}`, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'OAuthError'
    this.code = code
    this.description = description.replace(notAllowed, '?')
    this.status = status
    const { retryAfterSeconds, detail } = options
    this.detail = detail
    this.retryAfterSeconds = retryAfterSeconds === undefined ? undefined : retryAfter(retryAfterSeconds)
  }
}

// Not a member that the class declares: the ESM and the CommonJS build are two classes with one mark.
Object.defineProperty(OAuthError.prototype, brand, { value: true })

/** Tells an OAuth error from any other, also one that the other build (ESM, CommonJS) of this package made. */
export function isOAuthError(error: unknown): error is OAuthError {
  return typeof error === 'object' && error !== null && brand in error
}

const DAY = 86_400

/** Seconds as `Retry-After` has them (RFC 9110 §10.2.3): whole, from 1 to a day; 1 for what is no number. */
export function retryAfter(seconds: number): number {
  const whole = Math.ceil(seconds)
  return whole >= 1 ? Math.min(whole, DAY) : 1
}
