import { openRedisStores, type NodeRedisClient, type RedisHandle, type RedisStoresOptions } from 'latchkey/stores/redis'
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../../lib/errors/configuration-error.js'
import { StoreUnavailableError } from '../../../../lib/errors/store-unavailable-error.js'

const handle = { sendCommand: async () => null }

describe('openRedisStores', () => {
  it.each([undefined, null, 5, 'redis://127.0.0.1', {}, { sendCommand: 5 }, { call: () => null }])(
    'refuses %o, which is not a client',
    (client) => {
      const opening = () => openRedisStores(client as unknown as RedisHandle)
      expect(opening).toThrow(ConfigurationError)
      expect(opening).toThrow(expect.objectContaining({ option: 'openRedisStores.client' }))
    },
  )

  it.each<[RedisStoresOptions, string]>([
    [{ prefix: '{a}' } as RedisStoresOptions, 'openRedisStores.prefix'],
    [{ timeoutMilliseconds: 0 }, 'openRedisStores.timeoutMilliseconds'],
    [{ timeoutMilliseconds: 60_001 }, 'openRedisStores.timeoutMilliseconds'],
    [{ timeoutMilliseconds: Infinity }, 'openRedisStores.timeoutMilliseconds'],
    [{ clock: 5 as unknown as () => number }, 'openRedisStores.clock'],
    [null as unknown as RedisStoresOptions, 'openRedisStores'],
  ])('refuses %o', (options, option) => {
    expect(() => openRedisStores(handle, options)).toThrow(expect.objectContaining({ option }))
  })

  it.each(['', 'latchkey:', '{}latchkey:', '{}{latchkey}:', 'a}b{', '{latchkey:', 'latchkey}:', 5, null])(
    'refuses %o, a prefix without a hash tag, and says what to do',
    (keyPrefix) => {
      const opening = () => openRedisStores(handle, { keyPrefix: keyPrefix as string })
      expect(opening).toThrow(ConfigurationError)
      expect(opening).toThrow(
        '; must have a hash tag. Put a word in braces, such as {latchkey}:, so that a cluster keeps all keys on one node.',
      )
    },
  )

  it.each(['{latchkey}', 'app:{oauth}:', '{{}:', 'a}{b}', '{a}{}'])('accepts the prefix %o', (keyPrefix) => {
    expect(Object.keys(openRedisStores(handle, { keyPrefix }))).toEqual(['clients', 'tokens', 'keys', 'throttle'])
  })

  it('has nothing to prune', () => {
    expect('prune' in openRedisStores(handle).tokens).toBe(false)
  })

  it('keeps a client without an error listener from ending the process, and listens once', () => {
    const client = Object.assign(new EventEmitter(), handle)
    expect(() => client.emit('error', new Error('Socket closed unexpectedly'))).toThrow('Socket closed')
    for (let times = 0; times < 20; times++) openRedisStores(client)
    expect(client.listenerCount('error')).toBe(1)
    expect(client.emit('error', new Error('Socket closed unexpectedly'))).toBe(true)
  })
})

describe('what is sent', () => {
  const keyPrefix = '{a}:'
  const sent = ['EVALSHA', expect.stringMatching(/^[0-9a-f]{40}$/), '1', '{a}:clients', 'web-shop']
  const options = { abortSignal: expect.any(AbortSignal) }

  it.each<[string, (calls: unknown[][]) => RedisHandle, unknown[]]>([
    ['a client or pool of node-redis', (calls) => ({ sendCommand: recording(calls) }), [sent, options]],
    [
      'a cluster of node-redis: never to a replica',
      (calls) => ({ sendCommand: recording(calls), masters: [], isOpen: true }),
      ['{a}:clients', false, sent, options],
    ],
    [
      'a Sentinel of node-redis: never to a replica',
      (calls) => ({ sendCommand: recording(calls), getSentinelNode: () => undefined, isOpen: true }),
      [false, sent, options],
    ],
    ['ioredis', (calls) => ({ call: recording(calls), sendCommand: () => undefined, status: 'ready' }), sent],
  ])('goes to %s', async (_, make, expected) => {
    const calls: unknown[][] = []
    await openRedisStores(make(calls), { keyPrefix }).clients.findClient('web-shop')
    expect(calls).toEqual([expected])
  })

  it('is read from strings and from Buffers', async () => {
    const client = { clientType: 'public', clientId: 'a', authMethods: ['none'], grantTypes: [], scopes: [] }
    for (const reply of [JSON.stringify(client), Buffer.from(JSON.stringify(client))]) {
      const { clients } = openRedisStores({ sendCommand: async () => reply })
      expect(await clients.findClient('a')).toEqual(client)
    }
  })

  it.each([
    ['nothing', null],
    ['a word', 'QUEUED'],
    ['a list', []],
  ])('refuses the reply %s to the question whether a token is revoked', async (_, reply) => {
    const { tokens } = openRedisStores({ sendCommand: async () => reply })
    await expect(tokens.isSignedTokenRevoked({ tokenId: 'jti', authorizationId: undefined })).rejects.toThrow(TypeError)
  })
})

describe('a call that has been given up', () => {
  it('is taken out of the queue of node-redis', async () => {
    let signal: AbortSignal | undefined
    const client: NodeRedisClient = {
      sendCommand: (_command, options) => ((signal = options.abortSignal), new Promise(() => undefined)),
    }
    const stores = openRedisStores(client, { timeoutMilliseconds: 20 })
    await expect(stores.clients.findClient('a')).rejects.toThrow(StoreUnavailableError)
    expect(signal?.aborted).toBe(true)
  })

  it('is not sent by ioredis when it is connected later', async () => {
    const calls: unknown[][] = []
    let connected: () => void = () => undefined
    const isConnected = new Promise<void>((resolve) => (connected = resolve))
    const client = {
      ...handle,
      status: 'reconnecting',
      call: async (...command: string[]) => (calls.push(command), isConnected),
    }
    const { tokens } = openRedisStores(client, { timeoutMilliseconds: 20 })
    await expect(tokens.revokeTokens({ everything: true })).rejects.toThrow('Redis did not respond within 20 ms')
    connected()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(calls).toEqual([['PING']])
  })

  it('does not send the text of a script after its deadline', async () => {
    const calls: string[] = []
    const sendCommand = async ([name = '']: string[]) => {
      calls.push(name)
      await new Promise((resolve) => setTimeout(resolve, 60))
      throw new Error('NOSCRIPT No matching script. Please use EVAL.')
    }
    const { tokens } = openRedisStores({ sendCommand }, { timeoutMilliseconds: 20 })
    await expect(tokens.revokeTokens({ everything: true })).rejects.toThrow('Redis did not respond within 20 ms')
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(calls).toEqual(['EVALSHA'])
  })
})

function recording(calls: unknown[][]) {
  return async (...values: unknown[]) => {
    calls.push(values)
    return null
  }
}
