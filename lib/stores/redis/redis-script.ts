import { hash } from '../../crypto/hash.js'

/** A script in Lua, which Redis runs as one atomic step, and what it replies. */
export interface RedisScript<Reply> {
  readonly text: string
  /** What Redis keeps it by. */
  readonly sha1: string
  /** Makes sense of the reply. */
  readonly parse: (reply: unknown) => Reply
}

/** Makes a script. */
export function redisScript<Reply>(parse: (reply: unknown) => Reply, text: string): RedisScript<Reply> {
  return { text, sha1: hash('sha1', text), parse }
}
