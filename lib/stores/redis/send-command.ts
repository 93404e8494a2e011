import { checkMethods } from '../../errors/check-options.js'
import type { IoRedisClient, RedisHandle } from './redis-handle.js'

/**
 * Sends one command and answers the reply. What has not been sent when the signal comes must never be: its caller has given up, and a
 * token that is spent afterwards would look stolen when it is used again.
 */
export type SendCommand = (firstKey: string, command: string[], abortSignal: AbortSignal) => Promise<unknown>

/** Makes the one way to send a command to what the application has: where the differences between clients end. */
export function sendCommandOf(handle: RedisHandle): SendCommand {
  checkMethods('openRedisStores.client', handle, ['sendCommand'])
  // ioredis has a `sendCommand`, too, for objects of its own.
  if ('call' in handle) return (_firstKey, command, abortSignal) => sendToIoRedis(handle, command, abortSignal)
  if ('masters' in handle) {
    // Never read-only: a replica may not know yet of what was revoked a moment ago.
    return (firstKey, command, abortSignal) => handle.sendCommand(firstKey, false, command, { abortSignal })
  }
  if ('getSentinelNode' in handle) {
    return (_firstKey, command, abortSignal) => handle.sendCommand(false, command, { abortSignal })
  }
  return (_firstKey, command, abortSignal) => handle.sendCommand(command, { abortSignal })
}

async function sendToIoRedis(client: IoRedisClient, command: string[], abortSignal: AbortSignal): Promise<unknown> {
  // It cannot take back what it queues until it is connected: what waits there changes nothing.
  if (client.status !== 'ready') await client.call('PING')
  abortSignal.throwIfAborted()
  const [name = '', ...values] = command
  return client.call(name, ...values)
}
