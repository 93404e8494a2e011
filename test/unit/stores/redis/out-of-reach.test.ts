import { Cluster, Redis } from 'ioredis'
import { openRedisStores, type RedisHandle, type RedisStores } from 'latchkey/stores/redis'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { StoreUnavailableError } from '../../../../lib/errors/store-unavailable-error.js'
import { startRedis } from '../../../../tools/servers/start-redis.mjs'
import { clientTokens, rotation, signIn, signingKey } from '../stored-records.js'
import { connect } from './redis-stores.js'

const server = await startRedis({ durable: true })
afterAll(() => server?.stop())

const alice = signIn('alice')

/** Nobody listens there. */
const deadUrl = 'redis://127.0.0.1:1'

/** A clock by which the records of `stored-records.ts` are alive. */
const clock = () => 0

/** One call of each kind. */
const calls: ((stores: RedisStores) => Promise<unknown>)[] = [
  ({ tokens }) => tokens.saveTokens(signIn('bob')),
  ({ tokens }) => tokens.saveTokens(clientTokens('a', 3600)),
  ({ tokens }) => tokens.findAccessToken(alice.accessToken.tokenHash),
  ({ tokens }) => tokens.rotateRefreshToken(rotation(alice, 'next')),
  ({ tokens }) => tokens.revokeTokens({ userId: 'alice' }),
  ({ tokens }) => tokens.isSignedTokenRevoked({ tokenId: 'jti', authorizationId: undefined }),
  ({ clients }) => clients.listClients(),
  ({ keys }) => keys.replaceSigningKeys([], [signingKey('active')]),
]

describe.skipIf(server === undefined)('an unreachable Redis', () => {
  it.each<[string, () => Promise<RedisHandle>]>([
    ['node-redis that was never connected', async () => createClient({ url: deadUrl })],
    [
      'node-redis that is connecting',
      async () => {
        const client = createClient({ url: deadUrl })
        client.connect().catch(() => undefined)
        onTestFinished(() => client.destroy())
        // Nobody else listens to its errors: the stores do.
        return client
      },
    ],
    ['a pool of node-redis that was never connected', async () => createClientPool({ url: deadUrl })],
    ['a cluster of node-redis that was never connected', async () => createCluster({ rootNodes: [{ url: deadUrl }] })],
    [
      'Sentinel of node-redis that was never connected',
      async () => createSentinel({ name: 'a', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }),
    ],
    ['ioredis', async () => closing(new Redis(deadUrl))],
    ['ioredis that gives up', async () => closing(new Redis(deadUrl, { maxRetriesPerRequest: 1 }))],
    ['ioredis without a queue', async () => closing(new Redis(deadUrl, { enableOfflineQueue: false }))],
    ['ioredis that has ended', async () => closing(new Redis(server!.url), true)],
    ['a cluster of ioredis', async () => closing(new Cluster([deadUrl]))],
  ])('makes every call throw StoreUnavailableError in time, through %s', async (_, open) => {
    const stores = openRedisStores(await open(), { timeoutMilliseconds: 300, clock })
    const errors = await Promise.all(calls.map((call) => errorOf(call(stores))))
    for (const error of errors) expect(error).toBeInstanceOf(StoreUnavailableError)
  })

  it.each<[string, () => Promise<RedisHandle>]>([
    ['node-redis', () => connect(server!.url)],
    ['ioredis', async () => closing(new Redis(server!.url, { autoResendUnfulfilledCommands: false }))],
  ])('is served again after a crash, through %s; what was given up meanwhile does not happen', async (_, open) => {
    const keyPrefix = `{${crypto.randomUUID()}}:`
    const client = await open()
    const stores = openRedisStores(client, { keyPrefix, clock })
    const impatient = openRedisStores(client, { keyPrefix, timeoutMilliseconds: 300, clock })
    await stores.tokens.saveTokens(alice)

    await server!.kill()
    for (const call of calls) expect(await errorOf(call(impatient))).toBeInstanceOf(StoreUnavailableError)

    await server!.restart()
    const found = () => impatient.tokens.findRefreshToken(alice.refreshToken.tokenHash).catch(() => undefined)
    await expect.poll(found).toMatchObject({ spending: undefined })
    expect(await stores.tokens.findAccessToken(signIn('bob').accessToken.tokenHash)).toBeUndefined()
    expect(await stores.keys.listSigningKeys()).toEqual([])
    expect(await stores.tokens.rotateRefreshToken(rotation(alice, 'next'))).toEqual({ outcome: 'rotated' })
  })

  it('that hangs does not block a call', async () => {
    const client = await connect(server!.url)
    await openRedisStores(client).clients.listClients()
    const stores = openRedisStores(client, { timeoutMilliseconds: 100 })
    const blocker = await connect(server!.url)
    await blocker.sendCommand(['CLIENT', 'PAUSE', '2000', 'ALL'])
    const error = await errorOf(stores.clients.listClients())
    expect(error).toMatchObject({ message: 'Redis did not respond within 100 ms' })
    await expect.poll(() => stores.clients.listClients().catch(() => undefined)).toEqual([])
  })
})

describe.skipIf(server === undefined)('a Redis that cannot write', () => {
  it('because its memory is full, changes nothing, and still finds and revokes', async () => {
    const keyPrefix = `{${crypto.randomUUID()}}:`
    const admin = await connect(server!.url)
    const stores = openRedisStores(admin, { keyPrefix, clock })
    await stores.tokens.saveTokens(alice)
    await stores.tokens.saveTokens(clientTokens('a', 3600))
    const others = [signIn('carol'), signIn('dave')]
    for (const other of others) await stores.tokens.saveTokens(other)
    const before = await admin.dbSize()

    await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '1'])
    onTestFinished(async () => {
      await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '0'])
    })
    for (const call of [
      () => stores.tokens.saveTokens(signIn('bob')),
      () => stores.tokens.saveTokens(clientTokens('b', 3600)),
      () => stores.tokens.rotateRefreshToken(rotation(alice, 'next')),
      () => stores.tokens.revokeSignedToken('jti', 3600),
      () => stores.keys.replaceSigningKeys([], [signingKey('active')]),
    ]) {
      const error = await errorOf(call())
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({ message: 'Redis cannot serve: OOM' })
    }
    expect(await admin.dbSize()).toBe(before)
    expect(await stores.tokens.findAccessToken(alice.accessToken.tokenHash)).toEqual(alice.accessToken)
    expect((await stores.tokens.findRefreshToken(alice.refreshToken.tokenHash))?.spending).toBeUndefined()
    expect(await stores.tokens.isSignedTokenRevoked({ tokenId: 'jti', authorizationId: undefined })).toBe(false)

    expect(await stores.tokens.revokeTokens({ userId: 'carol' })).toBe(1)
    expect(await stores.tokens.revokeTokens({ clientId: 'mobile-app' })).toBe(2)
    expect(await stores.tokens.findAccessToken(alice.accessToken.tokenHash)).toBeUndefined()
    expect(await stores.tokens.revokeTokens({ everything: true })).toBe(0)
    const { accessToken } = clientTokens('a', 3600)
    expect(await stores.tokens.findAccessToken(accessToken.tokenHash)).toBeUndefined()
  })

  it('because it is a replica', async () => {
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', '1'] })
    onTestFinished(() => replica!.stop())
    const client = await connect(replica!.url)
    const stores = openRedisStores(client, { clock })
    for (const call of [
      () => stores.tokens.saveTokens(signIn('bob')),
      () => stores.tokens.saveTokens(clientTokens('b', 3600)),
      () => stores.clients.deleteClient('a'),
      () => stores.tokens.revokeTokens({ everything: true }),
    ]) {
      const error = await errorOf(call())
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({ message: 'Redis cannot serve: READONLY' })
    }
  })

  it('because it has too few replicas', async () => {
    const admin = await connect(server!.url)
    await admin.sendCommand(['CONFIG', 'SET', 'min-replicas-to-write', '1'])
    onTestFinished(async () => {
      await admin.sendCommand(['CONFIG', 'SET', 'min-replicas-to-write', '0'])
    })
    const error = await errorOf(openRedisStores(admin).clients.deleteClient('a'))
    expect(error).toMatchObject({ message: 'Redis cannot serve: NOREPLICAS' })
  })
})

function closing<Client extends Redis | Cluster>(client: Client, hasEnded = false): Client {
  if (hasEnded) client.disconnect()
  else onTestFinished(() => client.disconnect())
  return client
}

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
