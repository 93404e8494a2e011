import { Redis } from 'ioredis'
import { openRedisStores, type RedisStores } from 'latchkey/stores/redis'
import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../../../tools/servers/start-redis.mjs'
import { hashToken } from '../../../../lib/crypto/hash.js'
import { clientTokens, rotation, signIn, signingKey } from '../stored-records.js'
import { connect } from './redis-stores.js'

const server = await startRedis({ args: ['--maxclients', '1000'] })
afterAll(() => server?.stop())

const alice = signIn('alice')
const client = { clientType: 'public', clientId: 'a', authMethods: ['none'], grantTypes: [], scopes: [] } as const

/** Every method, on records that are there. */
const calls: [string, (stores: RedisStores) => Promise<unknown>][] = [
  ['saveTokens of a client', ({ tokens }) => tokens.saveTokens(clientTokens(randomUUID(), 3600))],
  ['saveTokens of a user', ({ tokens }) => tokens.saveTokens(signIn(randomUUID()))],
  ['findAccessToken of a client', ({ tokens }) => tokens.findAccessToken(hashToken('of a client'))],
  ['findAccessToken of a user', ({ tokens }) => tokens.findAccessToken(alice.accessToken.tokenHash)],
  ['findRefreshToken', ({ tokens }) => tokens.findRefreshToken(alice.refreshToken.tokenHash)],
  ['rotateRefreshToken', ({ tokens }) => tokens.rotateRefreshToken(rotation(alice, randomUUID()))],
  ['revokeAccessToken', ({ tokens }) => tokens.revokeAccessToken(alice.accessToken.tokenHash)],
  ['revokeSignedToken', ({ tokens }) => tokens.revokeSignedToken(randomUUID(), 3600)],
  ['isSignedTokenRevoked', ({ tokens }) => tokens.isSignedTokenRevoked({ tokenId: 'jti', authorizationId: undefined })],
  [
    'isSignedTokenRevoked of a user',
    ({ tokens }) => tokens.isSignedTokenRevoked({ tokenId: 'jti', ...alice.authorization }),
  ],
  ['findAuthorization', ({ tokens }) => tokens.findAuthorization(alice.authorization.authorizationId)],
  ['listAuthorizations', ({ tokens }) => tokens.listAuthorizations('alice')],
  ['revokeTokens of an authorization', ({ tokens }) => tokens.revokeTokens(alice.authorization)],
  ['revokeTokens of a user', ({ tokens }) => tokens.revokeTokens({ userId: 'alice' })],
  ['revokeTokens of a client', ({ tokens }) => tokens.revokeTokens({ clientId: 'mobile-app' })],
  ['revokeTokens of all', ({ tokens }) => tokens.revokeTokens({ everything: true })],
  ['findClient', ({ clients }) => clients.findClient('a')],
  ['saveClient', ({ clients }) => clients.saveClient(client)],
  ['deleteClient', ({ clients }) => clients.deleteClient('b')],
  ['listClients', ({ clients }) => clients.listClients()],
  ['listSigningKeys', ({ keys }) => keys.listSigningKeys()],
  ['replaceSigningKeys', ({ keys }) => keys.replaceSigningKeys([signingKey('active')], [signingKey('active')])],
]

describe.skipIf(server === undefined)('one round trip', () => {
  it.each(calls)('is %s, and two when Redis has lost its scripts', async (_, call) => {
    const client = await connect(server!.url)
    const sent = await observe()
    const stores = openRedisStores(client, { keyPrefix: `{${randomUUID()}}:`, clock: () => 0 })
    await fill(stores)
    await call(stores)

    await sent()
    await call(stores)
    expect(await sent()).toEqual(['EVALSHA'])

    await client.sendCommand(['SCRIPT', 'FLUSH'])
    await sent()
    await call(stores)
    expect(await sent()).toEqual(['EVALSHA', 'EVAL'])
  })

  it('is also a call through ioredis, once it is connected', async () => {
    const redis = new Redis(server!.url)
    onTestFinished(() => redis.disconnect())
    const { tokens } = openRedisStores(redis)
    await tokens.findAccessToken(hashToken('unknown'))
    const sent = await observe()
    await tokens.findAccessToken(hashToken('unknown'))
    expect(await sent()).toEqual(['EVALSHA'])
  })
})

/** Answers the names of the commands that came from outside since it was last asked. */
async function observe(): Promise<() => Promise<string[]>> {
  const [monitor, marker] = [await connect(server!.url), await connect(server!.url)]
  const lines: string[] = []
  await monitor.monitor((line) => lines.push(line))
  return async () => {
    const mark = randomUUID()
    await marker.sendCommand(['ECHO', mark])
    await expect.poll(() => lines.some((line) => line.includes(mark))).toBe(true)
    const names = lines.splice(0).filter((line) => !line.includes(' lua] ') && !line.includes(mark))
    return names.map((line) => /\] "([^"]*)"/.exec(line)?.[1]?.toUpperCase() ?? line)
  }
}

async function fill({ tokens, clients, keys }: RedisStores): Promise<void> {
  await tokens.saveTokens(alice)
  await tokens.saveTokens(clientTokens('of a client', 3600))
  await clients.saveClient(client)
  await keys.replaceSigningKeys([], [signingKey('active')])
  await tokens.isSignedTokenRevoked({ tokenId: 'jti', authorizationId: undefined })
  expect(await tokens.findAccessToken(alice.accessToken.tokenHash)).toEqual(alice.accessToken)
}
