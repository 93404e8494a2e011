import { clientSecretPost } from '../client-auth/client-secret-post.js'
import { ClientStrategy, type ClientVerify, type ClientVerifyWithRequest } from './client-strategy.js'
import type { StrategyOptions, StrategyParameters, WithRequest } from './strategy-options.js'

/**
 * Passport's strategy for OAuth clients that send `client_id` and `client_secret` in a form (RFC 6749 §2.3.1), by the name of
 * `passport-oauth2-client-password`, and with the rules and the answers of our token endpoint. For clients that the application
 * verifies itself; for those of an authorization server of this package, take `oauth.strategies.clientPassword()`.
 *
 * Put `express.urlencoded()` before it: without that, a form is answered with 500. Only a form counts, never JSON or the query,
 * and never together with an `Authorization` header. A verify function that throws or rejects is answered with 500, a
 * `StoreUnavailableError` with 503.
 */
export class ClientPasswordStrategy extends ClientStrategy {
  constructor(verify: ClientVerify)
  constructor(options: StrategyOptions, verify: ClientVerify)
  constructor(options: WithRequest<StrategyOptions>, verify: ClientVerifyWithRequest)
  constructor(...parameters: StrategyParameters) {
    super(
      {
        strategy: 'ClientPasswordStrategy',
        method: clientSecretPost({ verifyCredentials: () => false, canBeGuessed: () => false }),
        needsForm: true,
      },
      parameters,
    )
    this.name = 'oauth2-client-password'
  }
}
