import { hash } from '../../crypto/hash.js'

/** A script in Lua, which Redis runs as one atomic step, and what becomes of its reply. */
export interface RedisScript<Reply> {
  readonly text: string
  /** The name by which Redis keeps the script. */
  readonly sha1: string
  /** Reads the reply. */
  readonly parse: (reply: unknown) => Reply
}

/** Creates a script. */
export function redisScript<Reply>(parse: (reply: unknown) => Reply, text: string): RedisScript<Reply> {
  return { text, sha1: hash('sha1', text), parse }
}

/** Reads a reply that is a string or absent. */
export function stringReply(reply: unknown): string | undefined {
  if (reply === null || reply === undefined) return undefined
  // A client can be configured to return Buffers.
  return reply instanceof Uint8Array ? Buffer.from(reply).toString() : requireString(reply)
}

/** Reads a reply that is a number. A client can be configured to return it as a string. */
export function numberReply(reply: unknown): number {
  const number = Number(stringReply(typeof reply === 'number' || typeof reply === 'bigint' ? String(reply) : reply))
  if (Number.isNaN(number)) throw unexpected(reply)
  return number
}

/** Reads a reply that is a list of strings, empty when it is absent. */
export function listReply(reply: unknown): readonly string[] {
  if (reply === null || reply === undefined) return []
  if (!Array.isArray(reply)) throw unexpected(reply)
  return reply.map((element) => requireString(stringReply(element)))
}

function requireString(reply: unknown): string {
  if (typeof reply !== 'string') throw unexpected(reply)
  return reply
}

function unexpected(reply: unknown): TypeError {
  return new TypeError(`Redis replied with something of type ${typeof reply} that was not expected`)
}
