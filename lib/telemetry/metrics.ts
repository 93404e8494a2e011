import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type OAuthEvent, eventChannelName } from './events.js'
import { requestChannelNames, type RequestTrace } from './request-trace.js'

/** Describes the counter of one type of event. */
export interface EventCounter {
  readonly type: OAuthEvent['type']
  /** The name in snake_case, in the plural, without a prefix. */
  readonly name: string
  readonly help: string
  /** The members of the event that become labels: each has only a few values, and none that a client or a user can choose. */
  readonly labels: readonly string[]
  /** Whether the event has a known client, so that it can be counted per client. */
  readonly isOfClient: boolean
}

/** All counters. Warnings are emitted once each, and not counted. */
export const eventCounters: readonly EventCounter[] = [
  counter('tokens_issued', 'tokens_issued', 'Token responses', ['grantType', 'how'], true),
  counter('request_refused', 'requests_refused', 'Requests that were refused', ['endpoint', 'error', 'reason']),
  counter('client_authentication_failed', 'client_authentication_failures', 'Clients that failed to authenticate', [
    'reason',
  ]),
  counter('user_authentication_failed', 'user_authentication_failures', 'Failed sign-ins', ['reason'], true),
  counter('throttled', 'throttled', 'Requests refused with 429 after too many failures, refreshes or sign-ins', [
    'kind',
  ]),
  counter('account_failures', 'account_failures', 'Times that another 100 sign-ins of one user failed in a row', []),
  counter('refresh_token_replayed', 'refresh_tokens_replayed', 'Refresh tokens used again after their grace', [], true),
  counter(
    'refresh_token_retried_late',
    'refresh_tokens_retried_late',
    'Refresh tokens used again more than a minute later, within their grace',
    [],
    true,
  ),
  counter('refresh_token_misused', 'refresh_tokens_misused', 'Refresh tokens presented by another client', [], true),
  counter('unknown_token', 'unknown_tokens', 'Unknown tokens', ['endpoint']),
  counter('tokens_revoked', 'revocations', 'Revocations of sign-ins', ['selection']),
  counter('client_secret_rotated', 'client_secrets_rotated', 'New secrets of clients', []),
  counter('client_secret_retired', 'client_secrets_retired', 'Secrets of clients that were withdrawn', []),
  counter('client_changed', 'clients_changed', 'Clients that were disabled, enabled or deleted', ['change']),
  counter('signing_key_withdrawn', 'signing_keys_withdrawn', 'Signing keys that were withdrawn', []),
  counter('failure', 'failures', 'Responses with 500 or 503, and failures without a request', ['endpoint', 'error']),
]

function counter<Type extends OAuthEvent['type']>(
  type: Type,
  name: string,
  help: string,
  labels: readonly (keyof Extract<OAuthEvent, { readonly type: Type }> & string)[],
  isOfClient = false,
): EventCounter {
  return { type, name, help, labels, isOfClient }
}

/** Returns the names of the labels of a counter. */
export function labelNames({ labels, isOfClient }: EventCounter, perClient: boolean): string[] {
  return [...labels, ...(perClient && isOfClient ? ['clientId'] : [])].map(snakeCase)
}

/** Returns the labels of an event by name. */
export function labelsOf(
  { labels, isOfClient }: EventCounter,
  event: OAuthEvent,
  perClient: boolean,
): Record<string, string> {
  const members = event as unknown as Readonly<Record<string, string | undefined>>
  const values: Record<string, string> = {}
  // Without an endpoint, the application did it itself. A guard that asks for credentials sends no error code.
  for (const label of labels) values[snakeCase(label)] = members[label] ?? (label === 'error' ? 'none' : 'application')
  if (perClient && isOfClient) values['client_id'] = members['clientId'] ?? ''
  return values
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Observes all servers and guards of this process. */
export interface Observer {
  event(event: OAuthEvent): void
  /** Called when a request begins. */
  begin?(trace: RequestTrace): void
  /** Called with the same object when it has ended. */
  end(trace: RequestTrace): void
}

/** The buckets of a histogram of durations in seconds, from a response out of memory to one that took too long. */
export const durationBuckets: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

/** Subscribes an observer to the channels. Returns the function that unsubscribes it. */
export function observe(observer: Observer): () => void {
  const subscriptions: [string, (message: unknown) => void][] = [
    [eventChannelName, guarded((event) => observer.event(event as OAuthEvent))],
    [requestChannelNames.end, guarded((trace) => observer.end(trace as RequestTrace))],
  ]
  if (observer.begin !== undefined)
    subscriptions.push([requestChannelNames.start, guarded((trace) => observer.begin?.(trace as RequestTrace))])
  for (const [name, listener] of subscriptions) subscribe(name, listener)
  return () => {
    for (const [name, listener] of subscriptions) unsubscribe(name, listener)
  }
}

/** Ignores the errors of a subscriber: Node would end the process. */
function guarded(listener: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message)
    } catch {
      // A metric is missing, but the request must not fail.
    }
  }
}
