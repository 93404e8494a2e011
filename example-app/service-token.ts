import { requestToken, type ClientCredentials } from './token-request.js'

/** How long before its end a token is not used any more: a request takes time, and clocks differ. */
const MARGIN_SECONDS = 30

/** Where a service gets its token, and how it says what it does. */
export interface ServiceTokenOptions {
  readonly endpoint: string
  readonly client: ClientCredentials
  readonly say: (text: string) => void
}

/** The token of a service: got when it is needed, kept in memory until shortly before it runs out. */
export class ServiceToken {
  readonly #options: ServiceTokenOptions
  #token = ''
  #usableUntil = 0

  constructor(options: ServiceTokenOptions) {
    this.#options = options
  }

  /** A token that is good for the next request. */
  async get(): Promise<string> {
    const { endpoint, client, say } = this.#options
    if (Date.now() < this.#usableUntil) {
      say('The token at hand is still good.')
      return this.#token
    }
    const answer = await requestToken(endpoint, client, { grant_type: 'client_credentials' })
    this.#token = answer.access_token
    this.#usableUntil = Date.now() + (answer.expires_in - MARGIN_SECONDS) * 1000
    say(`Got a token for ${answer.scope}, good for ${answer.expires_in} seconds.`)
    return this.#token
  }
}
