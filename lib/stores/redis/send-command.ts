import { checkInterface } from '../../checks/check-interface.js'
import { StoreUnavailableError } from '../../errors/store-unavailable-error.js'
import type { IoRedisClient, RedisHandle } from './redis-handle.js'

/**
 * A call that waits for its reply. If it is given up, what was not sent yet must never be sent: a token that is spent after its request
 * has failed looks stolen when the client retries.
 */
export class PendingCall {
  #isGivenUp = false
  #controller: AbortController | undefined

  get isGivenUp(): boolean {
    return this.#isGivenUp
  }

  /** Created only on demand: it costs as much as the rest of a call. */
  get abortSignal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  giveUp(): void {
    this.#isGivenUp = true
    this.#controller?.abort()
  }
}

/** Sends one command for a call, unless the call was given up, and returns the reply. */
export type SendCommand = (firstKey: string, command: string[], call: PendingCall) => Promise<unknown>

/** Returns the one way to send a command to the application's client: where the differences between clients end. */
export function sendCommandOf(handle: RedisHandle): SendCommand {
  checkInterface('openRedisStores.client', handle, 'RedisHandle')
  // ioredis also has a `sendCommand`, for objects of its own.
  if ('call' in handle) return (_firstKey, command, call) => sendToIoRedis(handle, command, call)
  // Never read-only: a replica may not know yet what was revoked a moment ago.
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
  // It cannot take back what it queues until it is connected: so only a PING waits there, which changes nothing.
  if (client.status !== 'ready') await client.call('PING')
  if (call.isGivenUp) return undefined
  const [name = '', ...values] = command
  return client.call(name, ...values)
}

/** Some clients throw a `TypeError` of their own before they are connected. */
function requireOpen({ isOpen }: { readonly isOpen: boolean }): void {
  if (!isOpen) throw new StoreUnavailableError('Redis cannot serve: the client is closed')
}
