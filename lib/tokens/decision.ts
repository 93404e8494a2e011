import type { Emit } from '../events.js'
import type { GrantedAccess } from '../grants/grant-handler.js'
import type { Clock } from '../protocol/clock.js'
import type { RequestContext } from '../protocol/request-context.js'
import type { Client } from '../stores/client-store.js'
import type { TokenStore } from '../stores/token-store.js'
import type { Lifetimes } from './lifetimes.js'

/** What issuing works with. */
export interface TokenServices {
  readonly tokens: TokenStore
  readonly lifetimes: Lifetimes
  /** Whether the refresh token grant is enabled at all. */
  readonly issuesRefreshTokens: boolean
  readonly clock: Clock
  readonly emit: Emit
}

/** A decision of a grant, and whom it is about. */
export interface Decision<Access extends GrantedAccess = GrantedAccess> {
  readonly grantType: string
  readonly client: Client
  readonly access: Access
  readonly context: RequestContext
}
