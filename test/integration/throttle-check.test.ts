import { createAuthorizationServer, passwordGrant, sharedThrottle, type OAuthEvent, type RateLimiter } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { createClient } from 'redis'
import { expect, it, vi } from 'vitest'
import { plainHasher } from '../fixtures/plain-passwords.js'

const users = { findUserByUsername: () => undefined, findUser: () => undefined }

function serverWith(limiter: RateLimiter): { readonly events: OAuthEvent[] } {
  const events: OAuthEvent[] = []
  const stores = createMemoryStores()
  createAuthorizationServer({
    issuer: 'http://localhost:3000',
    clients: stores.clients,
    tokens: stores.tokens,
    scopes: ['a'],
    grants: [passwordGrant({ users, hasher: plainHasher })],
    throttle: sharedThrottle(limiter, { timeoutMilliseconds: 200 }),
    onEvent: (event) => events.push(event),
  })
  stores.close()
  return { events }
}

const failures = (events: readonly OAuthEvent[]) => events.filter(({ type }) => type === 'failure')

it('a server whose limiter cannot count starts with a warning that has cause and remedy (F3)', async () => {
  // Nobody listens there.
  const storeClient = createClient({
    url: 'redis://127.0.0.1:1',
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false },
  })
  storeClient.on('error', () => undefined)
  const limiter = new RateLimiterRedis({ storeClient, useRedisPackage: true, points: 1, duration: 1 })
  const { events } = serverWith(limiter)
  expect(failures(events)).toEqual([])
  await vi.waitFor(() => expect(failures(events)).toHaveLength(1), 60_000)
  const [failure] = failures(events) as [OAuthEvent & { readonly cause: Error }]
  expect(failure).toMatchObject({ type: 'failure', error: 'temporarily_unavailable' })
  expect(failure.cause.message).toBe(
    'throttle: failures cannot be counted, so sign-ins are refused with 503. See the cause, and docs/throttle.md for the ' +
      'lines to write; or use the throttle of your stores',
  )
  expect(failure.cause.cause).toMatchObject({
    message: expect.stringContaining('The counters of the throttle cannot be reached'),
  })
  expect((failure.cause.cause as Error).cause).toMatchObject({ message: 'The client is closed' })
})

it('a limiter that counts wrongly causes a warning too', async () => {
  const limiter = new RateLimiterMemory({ points: 1, duration: 1 })
  limiter.penalty = () => limiter.set('other', 7, 60)
  const { events } = serverWith(limiter)
  await vi.waitFor(() => expect(failures(events)).toHaveLength(1), 60_000)
  expect(failures(events)).toMatchObject([
    { cause: { cause: { cause: { message: 'The limiter counted 7,0,0 instead of 3,1,1' } } } },
  ])
})

it('a limiter that is still creating its table, or briefly unreachable, causes no warning', async () => {
  const limiter = new RateLimiterMemory({ points: 1, duration: 1 })
  const set = vi.spyOn(limiter, 'set').mockRejectedValueOnce(new Error('Table is not created yet'))
  const { events } = serverWith(limiter)
  await vi.waitFor(() => expect(set).toHaveBeenCalledTimes(2), 60_000)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(failures(events)).toEqual([])
})
