import type { OwnServer } from './server.d.mts'

/** A cluster of servers of our own; what is done to it is done to all of its nodes. */
export interface RedisCluster extends Omit<OwnServer, 'pid'> {
  /** Of the first node. */
  readonly url: string
  readonly nodes: readonly OwnServer[]
}

/**
 * Starts a Redis Cluster of three masters without replicas, which together have all slots. Without the programs it answers
 * `undefined` and says so, and throws where `CI` is `true`.
 */
export function startRedisCluster(): Promise<RedisCluster | undefined>
