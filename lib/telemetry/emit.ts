import { channel } from 'node:diagnostics_channel'
import type { OAuthError, OAuthErrorCode } from '../errors/oauth-error.js'
import { redactCause } from '../errors/redacted-cause.js'
import { knownRefusal, type KnownRefusal } from '../errors/refusal.js'
import { eventChannelName, type Emit, type OAuthEvent, type WithoutRequest, eventLevels, isAtLeast } from './events.js'
import { type RequestEvent } from './request-events.js'
import { type WarningEvent, type PostureFinding } from './operator-events.js'
import { logText } from '../errors/log-text.js'
import { isPromiseLike } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import { factsOf, secretsOf, withoutSecrets } from '../request/request-facts.js'
import { eventListener } from './event-listener.js'

const eventChannel = channel(eventChannelName)

/**
 * Creates the function that emits the events of a server. Without `onEvent`, events go to the console: see `eventListener`. Errors of a
 * listener are ignored. An event that nobody listens to is not created. The `issuer` shows whether the server is in production.
 */
export function createEmit(
  onEvent: ((event: OAuthEvent) => unknown) | undefined,
  now: () => number,
  issuer = '',
): Emit {
  const { listen, level } = eventListener(onEvent, issuer)
  return (context, event) => {
    const isHeard = isAtLeast(event.type, level)
    if (!isHeard && !eventChannel.hasSubscribers) return
    try {
      const emitted = withLogTexts(event, context, now())
      // A copy, because `onEvent` may change its event.
      if (eventChannel.hasSubscribers) eventChannel.publish({ ...emitted })
      if (!isHeard) return
      const result = listen(emitted)
      if (isPromiseLike(result)) result.then(ignore, ignore)
    } catch {
      // A broken listener must not fail the request.
    }
  }
}

/**
 * Completes an event, and makes its texts safe for logs: an attacker chooses client ids, addresses in `X-Forwarded-For` and the like. A
 * loop, because `{ ...event, at }` takes fifteen times as long.
 */
function withLogTexts(event: WithoutRequest<OAuthEvent>, context: RequestContext, at: number): OAuthEvent {
  const { requestId, endpoint, address } = context
  const complete: Record<string, unknown> = {
    type: event.type,
    level: eventLevels[event.type],
    at,
    requestId: logText(requestId),
    endpoint,
    address: address && logText(address),
  }
  const members = event as unknown as Readonly<Record<string, unknown>>
  for (const name of Object.keys(members)) {
    const value = members[name]
    if (name === 'cause') complete[name] = causeFor(value, context)
    else complete[name] = typeof value === 'string' ? logText(value) : value
  }
  return complete as unknown as OAuthEvent
}

/** Redacts a cause. If the request cannot be read, its secrets are unknown, and the cause is left out. */
function causeFor(thrown: unknown, context: RequestContext): unknown {
  try {
    return redactCause(thrown, secretsOf(context))
  } catch {
    return new Error('The request cannot be read, so the error is not shown')
  }
}

/** Emits the event of an error response: a refusal, or a failure with its cause. */
export function emitError(emit: Emit, context: RequestContext, error: OAuthError): void {
  const { code, cause, status } = error
  // The throttle has emitted a `throttled` event, which says more.
  if (status === 429) return
  const known = knownRefusal(error)
  if (code === 'server_error' || code === 'temporarily_unavailable') {
    const reason = known.reason === 'body_unread' ? known.reason : undefined
    emit(context, { type: 'failure', error: code, reason, cause })
  } else if (known.reason === 'application') {
    const description = withoutSecrets(error.description, context)
    const detail = known.detail === undefined ? undefined : withoutSecrets(known.detail, context)
    emitRefusal(emit, context, { status, error: code, description, reason: known.reason, detail })
  } else {
    emitRefusal(emit, context, { status, error: code, description: error.description, ...known })
  }
}

/** A refusal, as the client sees it. */
export interface AnsweredRefusal extends KnownRefusal {
  readonly status: number
  /** Absent if the response has none. */
  readonly error: OAuthErrorCode | undefined
  readonly description: string | undefined
}

/** Emits the event of a refusal, with what is known about the request. */
export function emitRefusal(emit: Emit, context: RequestContext, refused: AnsweredRefusal): void {
  const { status, error, description, reason } = refused
  const facts = factsOf(context)
  emit(context, {
    type: 'request_refused',
    status,
    error,
    description,
    reason,
    detail: refused.detail ?? facts.detail,
    clientId: refused.clientId ?? facts.clientId,
    grantType: facts.grantType,
    userId: refused.userId ?? facts.userId,
    authorizationId: refused.authorizationId ?? facts.authorizationId,
    scope: facts.scope,
    resource: facts.resource,
  })
}

/** Returns the warning about a weakness that a request has shown. */
export function noticedWarning(finding: PostureFinding): Omit<WarningEvent, keyof RequestEvent> {
  return { type: 'warning', code: finding.code, message: finding.reason, findings: [finding] }
}

function ignore(): void {
  // See createEmit.
}
