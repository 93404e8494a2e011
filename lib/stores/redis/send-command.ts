import { checkInterface } from '../../checks/check-interface.js'
import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'
import type { PendingCall } from './pending-call.js'
import type { IoRedisClient, RedisHandle } from './redis-handle.js'

/** Sends one command for a call, unless that is given up, and answers the reply. */
export type SendCommand = (firstKey: string, command: string[], call: PendingCall) => Promise<unknown>

/** Makes the one way to send a command to what the application has: where the differences between clients end. */
export function sendCommandOf(handle: RedisHandle): SendCommand {
  checkInterface('openRedisStores.client', handle, 'RedisHandle')
  // ioredis has a `sendCommand`, too, for objects of its own.
  if ('call' in handle) return (_firstKey, command, call) => sendToIoRedis(handle, command, call)
  // Never read-only: a replica may not know yet of what was revoked a moment ago.
  if ('masters' in handle) {
    return async (firstKey, command, { abortSignal }) => {
      requireOpen(handle)
      return handle.sendCommand(firstKey, false, command, { abortSignal })
    }
  }
  if ('getSentinelNode' in handle) {
    return async (_firstKey, command, { abortSignal }) => {
      requireOpen(handle)
      return handle.sendCommand(false, command, { abortSignal })
    }
  }
  return (_firstKey, command, { abortSignal }) => handle.sendCommand(command, { abortSignal })
}

async function sendToIoRedis(client: IoRedisClient, command: string[], call: PendingCall): Promise<unknown> {
  // It cannot take back what it queues until it is connected: what waits there changes nothing.
  if (client.status !== 'ready') await client.call('PING')
  if (call.isGivenUp) return undefined
  const [name = '', ...values] = command
  return client.call(name, ...values)
}

/** Some fail with a `TypeError` of their own before they are connected. */
function requireOpen({ isOpen }: { readonly isOpen: boolean }): void {
  if (!isOpen) throw new StoreUnavailableError('Redis cannot serve: the client is closed')
}
