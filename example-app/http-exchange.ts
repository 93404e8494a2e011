/** A request of a client, and what it does in the words of an RFC; `body` is a form, or becomes JSON. */
export interface ClientRequest {
  readonly step: string
  /** What it does in place of that when it is refused. */
  readonly refused?: string
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

/** A response, its body parsed. */
export type Answer = Pick<Response, 'status' | 'headers'> & { readonly body: unknown }

/** A request and its response as they may be shown: secrets are masked. `at` is in milliseconds since the epoch. */
export type Exchange = Readonly<Record<'step' | 'line' | 'status' | 'request' | 'answer', string>> & {
  readonly at: number
}

/** Sends a request, and passes what went over the wire to `note`. Throws when there is no response within ten seconds. */
export async function send(request: ClientRequest, note?: (exchange: Exchange) => void): Promise<Answer> {
  const { step, refused = `Refused: ${step}`, url, method = 'GET', headers = {}, body } = request
  const isForm = body === undefined || body instanceof URLSearchParams
  const sent = new Request(url, { method, headers, body: isForm ? (body ?? null) : JSON.stringify(body) })
  if (!isForm) sent.headers.set('Content-Type', 'application/json')
  const line = `${method} ${new URL(url).pathname}`
  const start = { at: Date.now(), line, request: shown(`${line} HTTP/1.1`, sent.headers, await sent.clone().text()) }
  try {
    const answer = await fetch(sent, { signal: AbortSignal.timeout(10_000) })
    const text = await answer.text()
    const parsed = JSON.parse(text || '{}') as { error?: string; access_token?: string }
    const json = text && JSON.stringify(parsed, null, 2) + decodedJwt(parsed)
    const firstLine = `HTTP/1.1 ${answer.status} ${answer.statusText}`
    const status = [answer.status, parsed.error ?? []].flat().join(' ')
    const isRefusedToken = parsed.error === 'invalid_token'
    const outcome = isRefusedToken ? 'The access token is refused (RFC 6750 §3.1)' : refused
    note?.({ ...start, step: answer.ok ? step : outcome, status, answer: shown(firstLine, answer.headers, json) })
    return { status: answer.status, headers: answer.headers, body: parsed }
  } catch (error) {
    const { message: cause } = ((error as Error).cause ?? error) as Error
    note?.({ ...start, step: `Gets no response: ${step}`, status: 'no answer', answer: cause })
    throw new Error(`No response from ${new URL(url).origin} (${cause})`, { cause: error })
  }
}

/** A client's own credentials in HTTP Basic. Both are form-encoded before they go into the header (RFC 6749 §2.3.1). */
export function basic(clientId: string, clientSecret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`
}

/** Of tokens the beginning is shown, so that one can tell them apart. */
function shown(firstLine: string, headers: Headers, body: string): string {
  const names = /^(authorization|content-type|x-forwarded-for|www-authenticate|retry-after|cache-control)$/
  const lines = [...headers].flatMap(([name, value]) => (names.test(name) ? `${name}: ${value}\n` : []))
  return `${firstLine}\n${lines.join('')}\n${body}`
    .replaceAll(/(: Basic |\bpassword=)[^&\n]*/g, '$1••••••')
    .replaceAll(/(: Bearer |token=|_token": ")([\w.-]{6})[\w.-]*/g, '$1$2…')
}

function decodedJwt({ access_token = '' }: { readonly access_token?: string }): string {
  const [header, payload] = access_token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  return header && payload ? `\n\nThe access token is a JWT (RFC 9068 §2). Decoded:\n${header}\n${payload}` : ''
}
