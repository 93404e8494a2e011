import type { OwnServer, Server } from './server.d.mts'

/**
 * Starts Redis: the server of `TEST_REDIS_URL`, or one from the programs of the system. Without any it answers `undefined` and
 * says so, and throws where `CI` is `true`.
 *
 * - `durable`: a server of our own whose writes survive `kill()`. Default: false, nothing is written to the disk.
 * - `args`: more arguments for redis-server. Any make it a server of our own.
 */
export function startRedis(options: {
  readonly durable: true
  readonly args?: readonly string[]
}): Promise<OwnServer | undefined>
export function startRedis(options?: {
  readonly durable?: boolean
  readonly args?: readonly string[]
}): Promise<Server | undefined>
