import type { EventLevel, OAuthEvent } from './events.js'

/**
 * The level of each type of event. `debug` is what happens all the time, and what a `request_refused` of the same request says again.
 */
export const eventLevels: Readonly<Record<OAuthEvent['type'], EventLevel>> = {
  failure: 'error',
  warning: 'warn',
  throttled: 'warn',
  account_failures: 'warn',
  refresh_token_replayed: 'warn',
  refresh_token_retried_late: 'warn',
  refresh_token_misused: 'warn',
  request_refused: 'info',
  tokens_revoked: 'info',
  client_secret_rotated: 'info',
  client_secret_retired: 'info',
  client_changed: 'info',
  signing_key_withdrawn: 'info',
  client_authentication_failed: 'debug',
  user_authentication_failed: 'debug',
  unknown_token: 'debug',
  tokens_issued: 'debug',
}

const ranks: Readonly<Record<EventLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 }

/** The levels by name, the most severe first. */
export const levelNames: readonly EventLevel[] = ['error', 'warn', 'info', 'debug']

/** Whether events of a type are at least as severe as a level. */
export function isAtLeast(type: OAuthEvent['type'], level: EventLevel): boolean {
  return ranks[eventLevels[type]] <= ranks[level]
}
