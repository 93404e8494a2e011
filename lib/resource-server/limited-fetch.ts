import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { CollectedOctets } from '../protocol/collected-octets.js'

/** Limits for one request to an issuer. */
export interface FetchLimits {
  readonly timeoutMilliseconds: number
  readonly maxOctets: number
}

/**
 * Fetches a small answer of an issuer. Redirects are not followed: keys and verdicts come from where they were configured to
 * come from, or not at all. Throws `StoreUnavailableError` for whatever goes wrong on the way.
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
  try {
    const signal = AbortSignal.timeout(limits.timeoutMilliseconds)
    const response = await fetch(url, { ...request, redirect: 'error', signal })
    return new Response(await readLimited(response, limits.maxOctets), response)
  } catch (cause) {
    throw new StoreUnavailableError('The issuer cannot be reached, or its answer cannot be read', { cause })
  }
}

async function readLimited(response: Response, maxOctets: number): Promise<Buffer> {
  const collected = new CollectedOctets(maxOctets)
  const body: AsyncIterable<Uint8Array> | null = response.body
  if (body === null) return collected.octets()
  for await (const part of body) {
    if (!collected.add(part)) throw new Error(`The answer has more than ${String(maxOctets)} octets`)
  }
  return collected.octets()
}
