import type { Emit } from '../telemetry/events.js'
import type { GrantedAccess } from './granted-access.js'
import type { Resource, Resources } from './resource.js'
import type { Clock } from '../time/clock.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'
import type { Authorization, TokenStore } from '../stores/token-store.js'
import type { AccessTokenServices } from './access-token.js'
import type { ActiveParties } from './active-parties.js'
import type { Lifetimes } from './lifetimes.js'

/** What issuing tokens needs. */
export interface TokenServices extends AccessTokenServices {
  readonly parties: Pick<ActiveParties, 'isClient'>
  readonly tokens: TokenStore
  readonly lifetimes: Lifetimes
  readonly resources: Resources
  /** Whether the refresh token grant is enabled. */
  readonly issuesRefreshTokens: boolean
  readonly clock: Clock
  readonly emit: Emit
}

/** The decision of a grant, and the request it is about. */
export interface Decision {
  readonly grantType: string
  readonly client: Client
  readonly access: GrantedAccess
  /** Returns the resources of the tokens; at a refresh, within those of the sign-in. Throws `invalid_target`. */
  readonly resources: (refreshed?: Authorization) => readonly Resource[]
  readonly context: RequestContext
  /** In milliseconds since the epoch. */
  readonly receivedAt: number
}
