/** Every error code of an endpoint or a guard, with its HTTP status (RFC 6749 §5.2, RFC 6750 §3.1). */
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

/** The error codes. Any other does not compile. */
export type OAuthErrorCode = keyof typeof statusByCode

/** What an {@link OAuthError} can have beside its code and description. */
export interface OAuthErrorOptions {
  /** The original error: for events, never for the client. */
  readonly cause?: unknown
  /**
   * The reason in one line, for the operator: `detail` of the event `request_refused`, never for the client. The event shows at most 256
   * characters of printable ASCII. Must not contain secrets.
   */
  readonly detail?: string | undefined
  /** The HTTP status, if not that of the code, such as 413 for `invalid_request`. */
  readonly status?: number
  /** Seconds after which the client may try again. */
  readonly retryAfterSeconds?: number
}

/** RFC 6749 §5.2: all other characters are allowed in an `error_description`. */
const notAllowed = /[^\x20-\x21\x23-\x5B\x5D-\x7E]/g

const brand = Symbol.for('latchkey.OAuthError')

/**
 * An error that is sent to the client as OAuth JSON. Thrown by grants and client authentication methods to refuse a request.
 *
 * `description` is for the client's developer: a constant of ASCII without `"` and `\` (RFC 6749 §5.2), never user input. The constructor
 * throws a `TypeError` for an unknown code and for a status outside 400 to 599.
 *
 * @example
 * ```ts
 * throw new OAuthError('invalid_grant', 'The one-time code is wrong or expired', { detail: 'expired 20 s ago' })
 * ```
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
      throw new TypeError(`status is ${status}; must be an error status, from 400 to 599`)
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

// Defined here and not as a member: the ESM and the CommonJS build have two classes with the same mark.
Object.defineProperty(OAuthError.prototype, brand, { value: true })

/** Returns whether an error is an `OAuthError`, of this or of the other build (ESM, CommonJS) of this package. */
export function isOAuthError(error: unknown): error is OAuthError {
  return typeof error === 'object' && error !== null && brand in error
}

const DAY = 86_400

/** Returns a value for `Retry-After` (RFC 9110 §10.2.3): whole seconds from 1 to a day; 1 for NaN. */
export function retryAfter(seconds: number): number {
  const whole = Math.ceil(seconds)
  return whole >= 1 ? Math.min(whole, DAY) : 1
}
