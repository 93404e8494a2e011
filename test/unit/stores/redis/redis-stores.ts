import { openRedisStores, type RedisStores, type RedisStoresOptions } from 'latchkey/stores/redis'
import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { onTestFinished } from 'vitest'

/** A connected client, which is closed after the test. */
export async function connect(url: string, options: Parameters<typeof createClient>[0] = {}) {
  const client = createClient({ url, RESP: 2, ...options })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => {
    if (client.isOpen) client.destroy()
  })
  return client
}

/** Stores on keys that no other test has, and what Redis has of them. */
export async function temporaryStores(
  url: string,
  options: RedisStoresOptions = {},
): Promise<
  RedisStores & {
    readonly keyPrefix: string
    readonly remaining: () => Promise<Map<string, number>>
    readonly send: SendText
  }
> {
  const client = await connect(url)
  const keyPrefix = `{${randomUUID()}}:`
  const send: SendText = (...command) => client.sendCommand(command)
  return {
    ...openRedisStores(client, { keyPrefix, ...options }),
    keyPrefix,
    send,
    /** Each key without the prefix, and the seconds that are left to it, rounded up to tens; −1 for ever. */
    async remaining() {
      const keys = (await client.keys(`${keyPrefix}*`)).sort()
      const seconds = keys.map(async (key) => [key.slice(keyPrefix.length), await secondsLeft(send, key)] as const)
      return new Map(await Promise.all(seconds))
    },
  }
}

type SendText = (...command: string[]) => Promise<unknown>

async function secondsLeft(send: SendText, key: string): Promise<number> {
  const milliseconds = Number(await send('PTTL', key))
  return milliseconds < 0 ? milliseconds : Math.ceil(milliseconds / 10_000) * 10
}
