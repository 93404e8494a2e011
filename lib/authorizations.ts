import type { Emit } from './events.js'
import { applicationContext } from './protocol/request-context.js'
import type { Clock } from './protocol/clock.js'
import type { ListedAuthorization, RevocationSelection, TokenStore } from './stores/token-store.js'
import { tokensRevoked } from './tokens/tokens-revoked.js'

/** What an application may do with the sign-ins of its users: all that a page "signed-in devices" needs. */
export interface Authorizations {
  /** The live sign-ins of a user, the last used first, each with its client, device label and times. */
  list(selection: { readonly userId: string }): Promise<readonly ListedAuthorization[]>
  /**
   * Revokes tokens at once: one sign-in, those of a user (but for one, if wished), those of a client, or all. To be called when a
   * password is changed, and when a user or a client is disabled. Answers how many live sign-ins ended.
   */
  revoke(selection: RevocationSelection): Promise<number>
}

/** Makes the operations on the sign-ins of a server. */
export function authorizationsOf(services: {
  readonly tokens: TokenStore
  readonly clock: Clock
  readonly emit: Emit
}): Authorizations {
  const { tokens, clock, emit } = services
  return {
    async list({ userId }) {
      const listed = await tokens.listAuthorizations(userId, applicationContext())
      return listed.filter(({ expiresAt }) => clock() < expiresAt)
    },
    async revoke(selection) {
      const context = applicationContext()
      const authorizations = await tokens.revokeTokens(selection, context)
      emit(context, tokensRevoked(selection, authorizations))
      return authorizations
    },
  }
}
