import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { CollectedBytes } from '../http/collected-bytes.js'
import { logText } from '../errors/log-text.js'
import { checkedBy, type OptionKind } from '../checks/option-kind.js'
import { nameValue } from '../checks/kind-of-value.js'
import { ConfigurationError } from '../errors/configuration-error.js'

/** Limits for one request to an issuer. */
export interface FetchLimits {
  readonly timeoutMilliseconds: number
  readonly maxOctets: number
}

/**
 * Fetches a small answer of an issuer. Redirects are not followed: keys and verdicts come from where they were configured to
 * come from, or not at all. Throws `StoreUnavailableError` for whatever goes wrong on the way; it names the URL and what happened.
 */
export async function limitedFetch(
  url: string,
  request: {
    readonly method?: 'GET' | 'POST'
    readonly headers?: Record<string, string>
    readonly body?: URLSearchParams
  },
  limits: FetchLimits,
): Promise<Response> {
  let response: Response
  try {
    const signal = AbortSignal.timeout(limits.timeoutMilliseconds)
    const answer = await fetch(url, { ...request, redirect: 'manual', signal })
    response = new Response(await readLimited(answer, limits.maxOctets), answer)
  } catch (cause) {
    throw new StoreUnavailableError(`The issuer cannot be reached at ${shownUrl(url)}: ${whyOf(cause, limits)}`, {
      cause,
    })
  }
  const location = response.headers.get('location')
  if (response.status < 300 || response.status >= 400 || location === null) return response
  const target = URL.canParse(location, url) ? ` to ${shownUrl(new URL(location, url).href)}` : ''
  throw new StoreUnavailableError(`${shownUrl(url)} redirects${target}, and redirects are not followed`)
}

/** Reads the JSON object that an issuer responded with. Throws `StoreUnavailableError`, which names the URL, for anything else. */
export async function readJsonObject(url: string, response: Response): Promise<Readonly<Record<string, unknown>>> {
  const text = await response.text()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>
  } catch {
    // Told below, like JSON that is no object.
  }
  const type = logText(response.headers.get('content-type') ?? 'no content type')
  throw new StoreUnavailableError(`${shownUrl(url)} responded with something that is not a JSON object (${type})`)
}

/** A URL for messages, without what may be secret. */
export function shownUrl(url: string): string {
  const { origin, host, protocol, pathname } = new URL(url)
  return logText(`${origin === 'null' ? `${protocol}//${host}` : origin}${pathname}`)
}

/** In a few words: the code of the system or of TLS where there is one. */
function whyOf(thrown: unknown, { timeoutMilliseconds }: FetchLimits): string {
  let last = thrown
  while (last instanceof Error && last.cause instanceof Error) last = last.cause
  const { name, code, message } = last as {
    readonly name?: unknown
    readonly code?: unknown
    readonly message?: unknown
  }
  if (name === 'TimeoutError') return `no response within ${String(timeoutMilliseconds)} ms`
  return logText(typeof code === 'string' ? code : String(message))
}

async function readLimited(response: Response, maxOctets: number): Promise<Buffer | null> {
  const body: AsyncIterable<Uint8Array> | null = response.body
  // Neither has a status 204 a body, nor may one be given to it.
  if (body === null) return null
  const collected = new CollectedBytes(maxOctets)
  for await (const part of body) {
    if (!collected.add(part)) throw new Error(`the response has more than ${String(maxOctets)} bytes`)
  }
  return collected.octets()
}

/**
 * A URL of the issuer. RFC 7662 §4, RFC 8414 §6.1: over TLS only, for whoever can change an answer decides who passes; `checkScheme` sees to
 * that, for it depends on `allowHttp`.
 */
export function issuerUrl(): OptionKind<string> {
  return checkedBy('an https URL', (path, uri) => {
    if (typeof uri === 'string' && URL.canParse(uri)) return
    throw new ConfigurationError(path, `is ${nameValue(uri)}; must be an https URL`, 'Give it the URL of the issuer')
  })
}
