/** A successful answer of the token endpoint, as it goes over the wire (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly refresh_token: string | undefined
  readonly scope: string
  /** For the next sign-in on this device; only in the answer to a sign-in, where the password grant makes them. */
  readonly device_token?: string | undefined
}
