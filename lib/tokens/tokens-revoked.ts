import type { TokensRevokedEvent } from '../telemetry/operator-events.js'
import type { RevocationSelection } from '../stores/token-store.js'

type Told = Pick<
  TokensRevokedEvent,
  'type' | 'selection' | 'authorizationId' | 'userId' | 'exceptAuthorizationId' | 'clientId' | 'authorizations'
>

/** What an operator is told of a revocation. `authorizations`: how many live ones ended. */
export function tokensRevoked(selection: RevocationSelection, authorizations: number): Told {
  const nobody = {
    type: 'tokens_revoked',
    authorizationId: undefined,
    userId: undefined,
    exceptAuthorizationId: undefined,
    clientId: undefined,
    authorizations,
  } as const
  if ('authorizationId' in selection) {
    return { ...nobody, selection: 'authorization', authorizationId: selection.authorizationId }
  }
  if ('userId' in selection) {
    const { userId, exceptAuthorizationId } = selection
    return { ...nobody, selection: 'user', userId, exceptAuthorizationId }
  }
  if ('clientId' in selection) return { ...nobody, selection: 'client', clientId: selection.clientId }
  return { ...nobody, selection: 'everything' }
}
