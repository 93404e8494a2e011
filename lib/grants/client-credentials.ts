import { refusal } from '../errors/refusal.js'
import type { GrantHandler } from './grant-handler.js'

/**
 * The client credentials grant (RFC 6749 §4.4): a service acts as itself, without a user.
 *
 * @example
 * ```ts
 * const grants = [clientCredentialsGrant()]
 * ```
 */
export function clientCredentialsGrant(): GrantHandler {
  return {
    grantType: 'client_credentials',
    grantAccess({ client, grantScope }) {
      // RFC 6749 §4.4: the grant MUST only be used by confidential clients; a public one has proved nothing.
      if (client.clientType !== 'confidential') {
        throw refusal('unauthorized_client', 'public_client', 'A public client may not use this grant type')
      }
      return { actsFor: 'client', scope: grantScope() }
    },
  }
}
