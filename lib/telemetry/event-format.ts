import type { OAuthEvent } from './events.js'
import type { Fold } from './folded-lines.js'

/** How events are written. */
export interface EventFormat {
  line(event: OAuthEvent): string
  /** The line for events that were counted in place of being written. */
  fold(fold: Fold<OAuthEvent>): string
}
