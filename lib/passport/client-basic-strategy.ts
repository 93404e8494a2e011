import { clientSecretBasic } from '../client-auth/client-secret-basic.js'
import { ClientStrategy, type ClientVerify, type ClientVerifyWithRequest } from './client-strategy.js'
import type { StrategyOptions, StrategyParameters, WithRequest } from './strategy-options.js'

/**
 * Passport's strategy for OAuth clients that send id and secret in HTTP Basic, with `passport-http`'s name and constructor, and
 * the rules and the answers of our token endpoint (RFC 6749 §2.3.1, RFC 7617). For clients that the application verifies itself;
 * for those of an authorization server of this package, take `oauth.strategies.clientBasic()`.
 *
 * Not for people: id and secret are form-decoded, as OAuth has it, and are printable ASCII; a password with a `%` or a `+` in
 * it would not arrive as it was typed. A request that has a secret in its form too is refused, as far as a parser before the
 * strategy has read the form. A verify function that throws or rejects is answered with 500, a `StoreUnavailableError` with 503.
 */
export class ClientBasicStrategy extends ClientStrategy {
  constructor(verify: ClientVerify)
  constructor(options: StrategyOptions, verify: ClientVerify)
  constructor(options: WithRequest<StrategyOptions>, verify: ClientVerifyWithRequest)
  constructor(...parameters: StrategyParameters) {
    super(
      {
        strategy: 'ClientBasicStrategy',
        method: clientSecretBasic({ verifyCredentials: () => false, canBeGuessed: () => false }),
        needsForm: false,
      },
      parameters,
    )
  }
}
