import { beforeEach, describe, expect, it } from 'vitest'
import type { BlockedAttempt, Client, ClientAuthMethod, OAuthEvent, Throttle, ThrottleKey } from 'latchkey'
import { authenticateClient } from '../../../lib/client-auth/authenticate-client.js'
import { applicationContext } from '../../../lib/request/request-context.js'
import { parseForm } from '../../../lib/protocol/parameters.js'
import { clientWith } from '../../fixtures/service-client.js'

const context = { ...applicationContext(), address: '192.0.2.7' }
const now = 1_800_000_000

const service: Client = { ...clientWith(), authMethods: ['pin'] }

/** A method of four digits; `guessable` says whether attempts are limited. */
const pin = (more: Partial<ClientAuthMethod> = {}): ClientAuthMethod => ({
  name: 'pin',
  readCredentials: ({ parameters }) => ({ clientId: parameters.get('client_id') ?? '', proof: parameters.get('pin') }),
  verifyCredentials: (client, { proof }) => client !== undefined && proof === '1234',
  ...more,
})

describe('authenticateClient', () => {
  let counted: string[]
  let events: OAuthEvent[]
  let found: unknown
  let blocked: BlockedAttempt | undefined

  const kinds = (keys: readonly ThrottleKey[]): string => keys.map(({ kind }) => kind).join('+')
  const throttle: Throttle = {
    isShared: false,
    isKnown: () => false,
    begin(keys) {
      counted.push(`begin ${kinds(keys)}`)
      return blocked ?? { retryAfterSeconds: undefined, end: (outcome) => void counted.push(outcome) }
    },
    remember: () => void counted.push('remember'),
  }
  const authenticate = (form: string, method = pin()): Client =>
    authenticateClient(
      {
        clients: { findClient: () => found as Client | undefined },
        clientAuthMethods: [method],
        clock: () => now,
        throttle,
        clientWatch: { see: () => undefined, seeAll: () => undefined },
        emit: (_context, event) => void events.push(event as OAuthEvent),
      },
      { authorization: undefined, parameters: parseForm(form), context },
    ) as Client

  beforeEach(() => {
    counted = []
    events = []
    found = service
    blocked = undefined
  })

  it('counts what can be guessed before it is looked at, and remembers who succeeded', () => {
    const looked: string[] = []
    const guessable = pin({
      canBeGuessed: () => true,
      verifyCredentials: (_client, { proof }) => {
        looked.push(counted.join())
        return proof === '1234'
      },
    })
    expect(authenticate('client_id=service&pin=1234', guessable)).toBe(service)
    expect(looked).toEqual(['begin client+address'])
    expect(counted).toEqual(['begin client+address', 'succeeded', 'remember'])
    expect(() => authenticate('client_id=service&pin=0000', guessable)).toThrow('Client authentication failed')
    expect(counted.slice(3)).toEqual(['begin client+address', 'failed'])
  })

  it.each([undefined, () => false, () => 1 as never])(
    'counts only failures if the proof cannot be guessed: %s',
    (canBeGuessed) => {
      const method = canBeGuessed === undefined ? pin() : pin({ canBeGuessed })
      expect(authenticate('client_id=service&pin=1234', method)).toBe(service)
      expect(counted).toEqual([])
      expect(() => authenticate('client_id=service&pin=0000', method)).toThrow('Client authentication failed')
      expect(counted).toEqual(['begin client+address', 'failed'])
    },
  )

  it.each([
    ['disabled', { ...service, disabled: true }, 'client_disabled', 'service'],
    ['not registered for the method', { ...service, authMethods: ['none'] }, 'method_not_registered', 'service'],
    ['unknown', undefined, 'unknown_client', undefined],
    ['another one than was named', { ...service, clientId: 'Service' }, 'unknown_client', undefined],
  ])('makes the method verify an unknown client if the client is %s', (_what, client, reason, clientId) => {
    found = client
    const asked: unknown[] = []
    const method = pin({
      canBeGuessed: (whom) => asked.push(whom) === 0,
      verifyCredentials: (whom) => asked.push(whom) > 0,
    })
    expect(() => authenticate('client_id=service&pin=1234', method)).toThrow('Client authentication failed')
    expect(asked).toEqual([undefined, undefined])
    expect(events).toEqual([{ type: 'client_authentication_failed', clientId, authMethod: 'pin', reason }])
    expect(counted).toEqual(['begin client+address', 'failed'])
  })

  it('reports which client made too many attempts', () => {
    blocked = { retryAfterSeconds: 7, kind: 'client' }
    for (const method of [pin(), pin({ canBeGuessed: () => true })])
      expect(() => authenticate('client_id=service&pin=0000', method)).toThrow('Too many failed attempts')
    const throttled = { type: 'throttled', kind: 'client', clientId: 'service', retryAfterSeconds: 7 }
    expect(events).toEqual([throttled, throttled])
  })

  it.each(['authMethods', 'grantTypes', 'scopes', 'defaultScopes', 'resources'])(
    'refuses a client whose %s are a string',
    (member) => {
      found = { ...service, [member]: 'pin client_credentials orders:readonly' }
      expect(() => authenticate('client_id=service&pin=1234')).toThrow(
        new TypeError(`ClientStore.findClient returned a client with ${member} that is a string; it must be a list`),
      )
    },
  )

  it('refuses a promise of credentials', () => {
    const method = pin({ readCredentials: () => Promise.reject(new Error('late')) as never })
    expect(() => authenticate('client_id=service&pin=1234', method)).toThrow(
      new TypeError('readCredentials of pin answered a promise'),
    )
  })
})
