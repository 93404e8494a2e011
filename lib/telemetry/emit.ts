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
 * Makes the one function that tells of events. A listener that throws or rejects harms nobody. Without a listener they go to the console,
 * as `eventListener` says. Of what nobody listens to nothing is made. `issuer`: tells production; absent where there is none.
 */
export function createEmit(
  onEvent: ((event: OAuthEvent) => unknown) | undefined,
  now: () => number,
  issuer = '',
): Emit {
  const { tell, level } = eventListener(onEvent, issuer)
  return (context, event) => {
    const isHeard = isAtLeast(event.type, level)
    if (!isHeard && !eventChannel.hasSubscribers) return
    try {
      const told = withLogTexts(event, context, now())
      // Its own copy, for a listener may add to its one.
      if (eventChannel.hasSubscribers) eventChannel.publish({ ...told })
      if (!isHeard) return
      const result = tell(told)
      if (isPromiseLike(result)) result.then(ignore, ignore)
    } catch {
      // The request goes on: whoever listens must not decide about it.
    }
  }
}

/**
 * In one place for all events: client ids, addresses from `X-Forwarded-For` and the like are whatever somebody made up. Written as a
 * loop, for `{ ...event, at }` costs fifteen times as much.
 */
function withLogTexts(event: WithoutRequest<OAuthEvent>, context: RequestContext, at: number): OAuthEvent {
  const { requestId, endpoint, address } = context
  const told: Record<string, unknown> = {
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
    if (name === 'cause') told[name] = causeFor(value, context)
    else told[name] = typeof value === 'string' ? logText(value) : value
  }
  return told as unknown as OAuthEvent
}

/** Without a request that can be read nobody knows what is secret. */
function causeFor(thrown: unknown, context: RequestContext): unknown {
  try {
    return redactCause(thrown, secretsOf(context))
  } catch {
    return new Error('The request cannot be read, so the error is not shown')
  }
}

/** Tells of an error that a client is answered with: a refusal, or a failure with what caused it. */
export function emitError(emit: Emit, context: RequestContext, error: OAuthError): void {
  const { code, cause, status } = error
  // Told already, with more, by whoever counts.
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

/** A refusal, as it was answered. */
export interface AnsweredRefusal extends KnownRefusal {
  readonly status: number
  /** Absent where the answer has none. */
  readonly error: OAuthErrorCode | undefined
  readonly description: string | undefined
}

/** Tells of a refusal, and what is known of the request. */
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

/** The warning of a weakness that was noticed at a request. */
export function noticedWarning(finding: PostureFinding): Omit<WarningEvent, keyof RequestEvent> {
  return { type: 'warning', code: finding.code, message: finding.reason, findings: [finding] }
}

function ignore(): void {
  // See createEmit.
}
