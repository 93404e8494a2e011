import { setTimeout as sleep } from 'node:timers/promises'
import type { Emit } from '../telemetry/events.js'
import { applicationContext } from '../request/request-context.js'
import type { Clock } from '../time/clock.js'
import type { ListedAuthorization, RevocationSelection, TokenStore } from '../stores/token-store.js'
import { tokensRevoked } from '../tokens/tokens-revoked.js'

/** What an application can do with the sign-ins of its users: everything that a page of signed-in devices needs. */
export interface Authorizations {
  /** Lists the live sign-ins of a user, the last used first, each with its client, device label and times. */
  list(selection: { readonly userId: string }): Promise<readonly ListedAuthorization[]>
  /**
   * Revokes tokens at once: of one sign-in, of a user (optionally except one sign-in), of a client, or all, including the JWTs of clients
   * that act for themselves. Call it when a password is changed and when a user is disabled; for a client, see `clients.disable`. Returns the
   * number of live sign-ins that ended. For a client or all, it resolves at the end of the second in which the revoked tokens were issued, so
   * that a token that is requested afterwards works.
   *
   * @example
   * ```ts
   * await oauth.authorizations.revoke({ userId: 'user-1' })
   * ```
   */
  revoke(selection: RevocationSelection): Promise<number>
}

/** Creates the operations on the sign-ins of a server. */
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
      const now = clock()
      const revoked =
        'clientId' in selection || 'everything' in selection ? { issuedUntil: now, ...selection } : selection
      const authorizations = await tokens.revokeTokens(revoked, context)
      emit(context, tokensRevoked(selection, authorizations))
      if (revoked !== selection) await endOfSecond(now, clock)
      return authorizations
    },
  }
}

/**
 * Waits for the next second, because JWTs that were issued in this second are revoked. Does not wait with a clock that differs from the
 * machine's: it may stand still.
 */
async function endOfSecond(second: number, clock: Clock): Promise<void> {
  const end = (second + 1) * 1000
  if (clock() > second || Math.abs(end - Date.now()) > 1000) return
  // A timer may fire a little early.
  while (Date.now() < end) await sleep(end - Date.now())
}
