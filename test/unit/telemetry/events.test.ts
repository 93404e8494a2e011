import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import type { OAuthEvent } from 'latchkey'
import { createEmit } from '../../../lib/telemetry/emit.js'
import { eventChannelName, type Emit, eventLevels, isAtLeast } from '../../../lib/telemetry/events.js'

const context = {
  requestId: 'r1',
  endpoint: 'token',
  address: '192.0.2.1',
  userAgent: 'x',
  parameters: new Map(),
} as const
type Told = Parameters<Emit>[1]

/** One event of each type; every text in them is hostile. */
function everyEvent(text: string): Told[] {
  const ids = { clientId: text, userId: text, authorizationId: text }
  return [
    { type: 'tokens_issued', ...ids, grantType: text, scope: text, how: 'new' },
    {
      type: 'request_refused',
      status: 400,
      error: 'invalid_grant',
      description: text,
      reason: 'expired',
      detail: text,
      ...ids,
      grantType: text,
      scope: text,
      resource: text,
    },
    { type: 'client_authentication_failed', clientId: text, authMethod: text, reason: 'wrong_credentials' },
    { type: 'user_authentication_failed', clientId: text, userId: text, reason: 'wrong_password' },
    { type: 'throttled', kind: 'account', clientId: text, retryAfterSeconds: 1 },
    { type: 'refresh_token_replayed', ...ids },
    { type: 'refresh_token_misused', clientId: text, ownerClientId: text, authorizationId: text },
    { type: 'unknown_token', clientId: text, reason: 'unknown' },
    { type: 'tokens_revoked', selection: 'user', ...ids, exceptAuthorizationId: text, authorizations: 1 },
    { type: 'client_secret_rotated', clientId: text, secretId: text, formerSecretsExpireAt: 1 },
    { type: 'client_changed', clientId: text, change: 'disabled' },
    { type: 'signing_key_withdrawn', keyId: text, algorithm: text, state: 'active', activeKeyId: text },
    { type: 'failure', error: 'server_error', cause: new Error(text) },
    { type: 'warning', code: 'password_grant_enabled', message: text },
  ]
}

/** Tells a listener of one event and answers what it got. */
function tell(event: Told, from: Partial<Parameters<Emit>[0]> = {}): OAuthEvent {
  const heard: OAuthEvent[] = []
  createEmit(
    (told) => heard.push(told),
    () => 1,
  )({ ...context, ...from }, event)
  expect(heard).toHaveLength(1)
  return heard[0]!
}

describe('an event', () => {
  const hostile = [
    ['line breaks', 'shop\r\n2026-01-01 INFO admin signed in\u2028'],
    ['escapes of a terminal', 'shop\u001B]0;title\u0007\u001B[2J'],
    ['marks that turn the direction', 'shop\u202Enimda\u2066'],
    ['what is not ASCII', 'ѕhор'],
    ['ten million characters', 'x'.repeat(10_000_000)],
  ] as const

  it.each(hostile)('of any type has no %s in any of its texts', (_what, text) => {
    for (const event of everyEvent(text)) {
      const told = tell(event, { address: text, requestId: text })
      const texts = Object.values(told).filter((value): value is string => typeof value === 'string')
      expect(texts.length).toBeGreaterThanOrEqual(4)
      for (const value of texts) expect(value).toMatch(/^[\x20-\x7E]{0,256}$/)
      expect(JSON.stringify(told)).not.toContain('\n')
    }
  })

  it('has nothing of the request but its id, endpoint and address', () => {
    const from = { userAgent: 'curl', parameters: new Map([['username', 'alice']]), timedOut: true }
    expect(tell({ type: 'unknown_token', clientId: undefined, reason: 'unknown' }, from)).toEqual({
      type: 'unknown_token',
      clientId: undefined,
      reason: 'unknown',
      level: 'debug',
      at: 1,
      requestId: 'r1',
      endpoint: 'token',
      address: '192.0.2.1',
    })
  })

  it('has what was thrown as it was thrown', () => {
    for (const cause of [new Error('line\nbreak'), 'line\nbreak', undefined, { a: 1 }]) {
      expect(tell({ type: 'failure', error: 'server_error', cause })).toMatchObject({ cause })
    }
  })
})

describe('the channel', () => {
  const published: unknown[] = []
  const hear = (message: unknown): void => void published.push(message)
  afterEach(() => {
    unsubscribe(eventChannelName, hear)
    published.length = 0
  })

  it('has every event, even of a server without onEvent', () => {
    subscribe(eventChannelName, hear)
    const emit = createEmit(undefined, () => 1)
    const quiet = everyEvent('x').filter(({ type }) => !isAtLeast(type, 'warn'))
    for (const event of quiet) emit(context, event)
    expect(published).toEqual(
      quiet.map((event) => ({
        ...event,
        level: eventLevels[event.type],
        at: 1,
        requestId: 'r1',
        endpoint: 'token',
        address: '192.0.2.1',
      })),
    )
  })

  it('has its own event objects: neither side can change what the other one sees', () => {
    subscribe(eventChannelName, hear)
    const heard: OAuthEvent[] = []
    const emit = createEmit(
      (event) => {
        heard.push(event)
        Object.assign(event, { clientId: 'changed' })
      },
      () => 1,
    )
    emit(context, { type: 'unknown_token', clientId: 'shop-app', reason: 'unknown' })
    expect(published).toMatchObject([{ clientId: 'shop-app' }])
    expect(heard).toMatchObject([{ clientId: 'changed' }])
  })

  it('costs nothing without a listener: not even the request is read', () => {
    const emit = createEmit(undefined, () => {
      throw new Error('The clock was asked')
    })
    const untouchable = new Proxy(context, {
      get() {
        throw new Error('The request was looked at')
      },
    })
    for (const event of everyEvent('x')) {
      if (!isAtLeast(event.type, 'warn')) emit(untouchable, event)
    }
    expect(published).toEqual([])
  })
})
