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
 * Fetches a small response of an issuer. Does not follow redirects: keys and decisions must come from the configured URL. Throws
 * `StoreUnavailableError`, which names the URL and the problem.
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
    // Reported below, like JSON that is not an object.
  }
  const type = logText(response.headers.get('content-type') ?? 'no content type')
  throw new StoreUnavailableError(`${shownUrl(url)} responded with something that is not a JSON object (${type})`)
}

/** Returns a URL for messages, without the parts that may be secret. */
export function shownUrl(url: string): string {
  const { origin, host, protocol, pathname } = new URL(url)
  return logText(`${origin === 'null' ? `${protocol}//${host}` : origin}${pathname}`)
}

/** Returns the cause in a few words: the error code of the system or of TLS, if there is one. */
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
  // A response with status 204 has no body, and its copy must not have one.
  if (body === null) return null
  const collected = new CollectedBytes(maxOctets)
  for await (const part of body) {
    if (!collected.add(part)) throw new Error(`the response has more than ${String(maxOctets)} bytes`)
  }
  return collected.bytes()
}

/**
 * A URL of the issuer. RFC 7662 §4, RFC 8414 §6.1: TLS is required, because anybody who can change a response decides which tokens are
 * accepted. `checkScheme` checks that, because it depends on `allowHttp`.
 */
export function issuerUrl(): OptionKind<string> {
  return checkedBy('an https URL', (path, uri) => {
    if (typeof uri === 'string' && URL.canParse(uri)) return
    throw new ConfigurationError(path, `is ${nameValue(uri)}; must be an https URL`, 'Set it to a URL of the issuer')
  })
}
