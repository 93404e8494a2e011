import type { RequestContext } from '../request/request-context.js'
import type {
  ClientChangedEvent,
  ClientSecretRetiredEvent,
  ClientSecretRotatedEvent,
  FailureEvent,
  SigningKeyWithdrawnEvent,
  TokensRevokedEvent,
  WarningEvent,
} from './operator-events.js'
import type {
  AccountFailuresEvent,
  ClientAuthenticationFailedEvent,
  EventLevel,
  RefreshTokenMisusedEvent,
  RefreshTokenReplayedEvent,
  RefreshTokenRetriedLateEvent,
  RequestEvent,
  RequestRefusedEvent,
  ThrottledEvent,
  TokensIssuedEvent,
  UnknownTokenEvent,
  UserAuthenticationFailedEvent,
} from './request-events.js'

/**
 * What an operator may want to log, count or be alerted on. No event carries a token, a secret or a password. Every text in one is
 * printable ASCII of at most 256 characters; anything else is escaped as `\uXXXX`, so that nobody can forge a line of a log.
 */
export type OAuthEvent =
  | TokensIssuedEvent
  | RequestRefusedEvent
  | ClientAuthenticationFailedEvent
  | UserAuthenticationFailedEvent
  | ThrottledEvent
  | AccountFailuresEvent
  | RefreshTokenReplayedEvent
  | RefreshTokenRetriedLateEvent
  | RefreshTokenMisusedEvent
  | UnknownTokenEvent
  | TokensRevokedEvent
  | ClientSecretRotatedEvent
  | ClientSecretRetiredEvent
  | ClientChangedEvent
  | SigningKeyWithdrawnEvent
  | FailureEvent
  | WarningEvent

/** An event without what `Emit` adds to it: its level, its time and its request. */
export type WithoutRequest<E> = E extends OAuthEvent ? Omit<E, keyof RequestEvent> : never

/** Emits an event about something that happened in a request. */
export type Emit = (context: RequestContext, event: WithoutRequest<OAuthEvent>) => void

/** The channel of `node:diagnostics_channel` on which every event is published, for observers that cannot set `onEvent`. */
export const eventChannelName = 'latchkey:event'

/**
 * The level of each type of event. `debug` is for what happens all the time, and for details of a request whose `request_refused` event
 * has the level `info`.
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

/** Returns whether events of a type are at least as severe as a level. */
export function isAtLeast(type: OAuthEvent['type'], level: EventLevel): boolean {
  return ranks[eventLevels[type]] <= ranks[level]
}
