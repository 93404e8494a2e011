/** A successful answer of the token endpoint (RFC 6749 §5.1). */
export interface TokenAnswer {
  readonly access_token: string
  readonly expires_in: number
  readonly refresh_token?: string
  readonly scope: string
}

/** The token endpoint said no; `code` is for programs, the message for people. */
export class TokenRefusedError extends Error {
  readonly code: string

  constructor(code: string, description: string) {
    super(`${code}: ${description}`)
    this.code = code
  }
}

/** Whom a token request comes from. */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

/** Asks the token endpoint for tokens: a form, and the client's credentials in HTTP Basic. Throws `TokenRefusedError`. */
export async function requestToken(
  endpoint: string,
  { clientId, clientSecret }: ClientCredentials,
  parameters: Readonly<Record<string, string>> | [string, string][],
): Promise<TokenAnswer> {
  // RFC 6749 §2.3.1: both are form-encoded before they go into the header.
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { Authorization: `Basic ${basic}` },
    body: new URLSearchParams(parameters),
  })
  const body: unknown = await answer.json()
  if (answer.ok) return body as TokenAnswer
  const { error, error_description } = body as { error: string; error_description: string }
  throw new TokenRefusedError(error, error_description)
}
