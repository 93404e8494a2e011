import { readTokens, removeTokens, saveTokens, type SavedTokens } from './token-file.js'
import { requestToken, TokenRefusedError, type ClientCredentials, type TokenAnswer } from './token-request.js'

/** Where a session works, and how it says what it does. */
export interface ShopSessionOptions {
  readonly shop: string
  readonly client: ClientCredentials
  readonly tokensFile: string
  readonly say: (text: string) => void
}

/** The sign-in is over: only the password helps. */
export class SignInNeededError extends Error {}

/** A user's session with the shop, in a file that outlives the process. */
export class ShopSession {
  readonly #options: ShopSessionOptions
  #tokens: SavedTokens | undefined

  constructor(options: ShopSessionOptions) {
    this.#options = options
    this.#tokens = readTokens(options.tokensFile)
  }

  /** Whether there are tokens, good or not. */
  get isSignedIn(): boolean {
    return this.#tokens !== undefined
  }

  /** Exchanges the password for tokens. Nothing of it is kept. Throws `TokenRefusedError`. */
  async signIn(username: string, password: string): Promise<void> {
    this.#keep(await this.#requestToken({ grant_type: 'password', username, password }))
  }

  /** Calls the shop, and renews the access token when it has run out or the shop says that it is not good any more. */
  async get(path: string): Promise<Response> {
    const { say } = this.#options
    if (this.#current().expiresAt <= Date.now()) {
      say('The access token has run out.')
      await this.#renew()
    }
    const answer = await this.#call(path)
    if (answer.status !== 401 || !isInvalidToken(answer)) return answer
    say('The shop says that the access token is not valid any more.')
    await this.#renew()
    return this.#call(path)
  }

  async #renew(): Promise<void> {
    const { say, tokensFile } = this.#options
    const { refreshToken } = this.#current()
    try {
      this.#keep(await this.#refresh(refreshToken))
      say('Renewed it with the refresh token, and saved the new pair.')
    } catch (error) {
      if (!(error instanceof TokenRefusedError) || error.code !== 'invalid_grant') throw error
      this.#tokens = undefined
      removeTokens(tokensFile)
      throw new SignInNeededError('The sign-in is over', { cause: error })
    }
  }

  /** Once more when no answer came: the shop may have spent the token, and answers a retry with the same new pair. */
  async #refresh(refreshToken: string): Promise<TokenAnswer> {
    const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken }
    try {
      return await this.#requestToken(parameters)
    } catch (error) {
      if (error instanceof TokenRefusedError) throw error
      return this.#requestToken(parameters)
    }
  }

  #requestToken(parameters: Readonly<Record<string, string>>): Promise<TokenAnswer> {
    const { shop, client } = this.#options
    return requestToken(`${shop}/oauth/token`, client, parameters)
  }

  /** Saved first, used then: a pair that is lost is a sign-in that is lost. */
  #keep({ access_token, refresh_token, expires_in }: TokenAnswer): void {
    if (refresh_token === undefined) throw new Error('The shop gave no refresh token')
    const tokens = { accessToken: access_token, refreshToken: refresh_token, expiresAt: Date.now() + expires_in * 1000 }
    saveTokens(this.#options.tokensFile, tokens)
    this.#tokens = tokens
  }

  #current(): SavedTokens {
    if (this.#tokens === undefined) throw new SignInNeededError('Nobody has signed in')
    return this.#tokens
  }

  #call(path: string): Promise<Response> {
    const { accessToken } = this.#current()
    return fetch(this.#options.shop + path, { headers: { Authorization: `Bearer ${accessToken}` } })
  }
}

/** RFC 6750 §3.1: any other 401 or 403 would not be cured by another token. */
function isInvalidToken(answer: Response): boolean {
  return /^Bearer .*error="invalid_token"/.test(answer.headers.get('WWW-Authenticate') ?? '')
}
