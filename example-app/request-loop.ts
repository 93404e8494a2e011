import { setTimeout as sleep } from 'node:timers/promises'
import { requestToken, type ClientCredentials } from './token-request.js'

const WORKERS = 4
const SHOWN_FAILURES = 5

/** What a loop of requests needs. */
export interface RequestLoopOptions {
  readonly shop: string
  readonly stockService: string
  readonly client: ClientCredentials
  /** How many, evenly over `seconds`. */
  readonly requests: number
  readonly seconds: number
  readonly say: (text: string) => void
}

/** Requests to shop and stock service in turn: a new token, both APIs with the newest token, both with the oldest. */
export class RequestLoop {
  readonly #options: RequestLoopOptions
  readonly tokensByKey = new Map<string, number>()
  requests = 0
  failures = 0
  #begun = 0
  #oldest = ''
  #newest = ''

  constructor(options: RequestLoopOptions) {
    this.#options = options
  }

  /** Runs to the end. A request that fails is counted, and does not end it. */
  async run(): Promise<void> {
    await this.#count(() => this.#requestToken())
    const startedAt = Date.now()
    await Promise.all(Array.from({ length: WORKERS }, () => this.#work(startedAt)))
  }

  async #work(startedAt: number): Promise<void> {
    const { requests, seconds } = this.#options
    // The first one came before the others.
    while (++this.#begun < requests) {
      const turn = this.#begun
      await sleep(Math.max(0, startedAt + (turn * seconds * 1000) / requests - Date.now()))
      await this.#count(() => this.#request(turn))
    }
  }

  #request(turn: number): Promise<void> {
    const { shop, stockService } = this.#options
    switch (turn % 5) {
      case 0:
        return this.#requestToken()
      case 1:
        return get(`${stockService}/warehouse`, this.#newest)
      case 2:
        return get(`${shop}/stock`, this.#newest)
      case 3:
        return get(`${stockService}/warehouse`, this.#oldest)
      default:
        return get(`${shop}/stock`, this.#oldest)
    }
  }

  /** One token for both APIs: it names them both, and is a JWT because one of them needs that. */
  async #requestToken(): Promise<void> {
    const { shop, stockService, client } = this.#options
    const { access_token } = await requestToken(`${shop}/oauth/token`, client, [
      ['grant_type', 'client_credentials'],
      ['scope', 'stock:read'],
      ['resource', shop],
      ['resource', stockService],
    ])
    if (this.#oldest === '') this.#oldest = access_token
    this.#newest = access_token
    const keyId = keyIdOf(access_token)
    this.tokensByKey.set(keyId, (this.tokensByKey.get(keyId) ?? 0) + 1)
  }

  async #count(request: () => Promise<void>): Promise<void> {
    const { say, requests } = this.#options
    try {
      await request()
    } catch (error) {
      this.failures += 1
      if (this.failures <= SHOWN_FAILURES) say(`Failed: ${String(error)}`)
    }
    this.requests += 1
    if (this.requests % Math.ceil(requests / 10) === 0) say(`${this.requests} requests ...`)
  }
}

async function get(url: string, accessToken: string): Promise<void> {
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${accessToken}` } })
  const body = await answer.text()
  if (answer.status !== 200) throw new Error(`GET ${url}: ${answer.status} ${body}`)
}

/** The key that signed a JWT, as its header says. */
function keyIdOf(token: string): string {
  const [header = ''] = token.split('.')
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid
}
