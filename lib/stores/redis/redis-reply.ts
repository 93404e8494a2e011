/** A reply that is nothing, or a text. */
export function textReply(reply: unknown): string | undefined {
  if (reply === null || reply === undefined) return undefined
  // A client may be set to answer Buffers.
  return reply instanceof Uint8Array ? Buffer.from(reply).toString() : requireText(reply)
}

/** A reply that is a number; clients may be set to answer it as a text. */
export function numberReply(reply: unknown): number {
  const number = Number(textReply(typeof reply === 'number' || typeof reply === 'bigint' ? String(reply) : reply))
  if (Number.isNaN(number)) throw unexpected(reply)
  return number
}

/** A reply that is nothing, or a list of texts. */
export function listReply(reply: unknown): readonly string[] {
  if (reply === null || reply === undefined) return []
  if (!Array.isArray(reply)) throw unexpected(reply)
  return reply.map((element) => requireText(textReply(element)))
}

function requireText(reply: unknown): string {
  if (typeof reply !== 'string') throw unexpected(reply)
  return reply
}

function unexpected(reply: unknown): TypeError {
  return new TypeError(`Redis replied with something of type ${typeof reply} that was not expected`)
}
