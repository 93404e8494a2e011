/** What node-redis is told along with a command. */
export interface NodeRedisCommandOptions {
  /** Takes the command out of the queue when it has not been sent yet. */
  readonly abortSignal: AbortSignal
}

/** A client or a pool of node-redis, as far as the stores use it: `createClient()`, `createClientPool()`. */
export interface NodeRedisClient extends RedisErrorSource {
  sendCommand(command: string[], options: NodeRedisCommandOptions): Promise<unknown>
}

/** A cluster of node-redis, as far as the stores use it: `createCluster()`. */
export interface NodeRedisCluster extends RedisErrorSource {
  sendCommand(
    firstKey: string,
    isReadonly: boolean,
    command: string[],
    options: NodeRedisCommandOptions,
  ): Promise<unknown>
  /** Tells it from a client. */
  readonly masters: readonly unknown[]
  /** Whether it was connected and not closed since. */
  readonly isOpen: boolean
}

/** A client of node-redis that finds its server by Sentinel, as far as the stores use it: `createSentinel()`. */
export interface NodeRedisSentinel extends RedisErrorSource {
  sendCommand(isReadonly: boolean, command: string[], options: NodeRedisCommandOptions): Promise<unknown>
  /** Tells it from a client. */
  getSentinelNode(): unknown
  /** Whether it was connected and not closed since. */
  readonly isOpen: boolean
}

/** A client or a cluster of ioredis, as far as the stores use it: `new Redis()`, `new Cluster()`. */
export interface IoRedisClient extends RedisErrorSource {
  call(command: string, ...values: string[]): Promise<unknown>
  /** For commands that are objects; not used. */
  sendCommand(...command: never[]): unknown
  /** `ready` when it sends what it is given; otherwise it keeps it for later. */
  readonly status: string
}

/** What tells of errors beside those of the calls. */
export interface RedisErrorSource {
  on?(event: 'error', listener: (error: Error) => void): unknown
}

/** What an application has to reach Redis by. */
export type RedisHandle = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel | IoRedisClient
