import { types } from 'node:util'
import type { OAuthEvent } from './events.js'
import type { EventFormat } from './event-format.js'

const MAX_DEPTH = 8

/** An event is one line of JSON in ASCII, its time in words; errors have their name, message, code, stack and causes. */
export const jsonFormat: EventFormat = {
  line: (event) => jsonLine(event, {}),
  fold: ({ count, last, seconds, areEqual }) => jsonLine(last, { folded: { count, seconds, areEqual } }),
}

function jsonLine(event: OAuthEvent, more: Readonly<Record<string, unknown>>): string {
  const cause = 'cause' in event ? { cause: plain(event.cause, 0) } : {}
  const time = new Date(event.at * 1000).toISOString()
  const line = JSON.stringify({ time, logger: 'latchkey', ...event, ...cause, ...more })
  return line.replace(/[^\x20-\x7E]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What JSON can hold, whatever was thrown. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === MAX_DEPTH) return '[more]'
  if (Array.isArray(value)) return value.map((entry) => plain(entry, depth + 1))
  const members: Record<string, unknown> = {}
  if (types.isNativeError(value) || value instanceof Error) {
    // Of a DOMException they are getters.
    const { name, message, code, stack, cause, errors } = value as Error & Readonly<Record<'code' | 'errors', unknown>>
    const inner = { code, cause, errors }
    Object.assign(members, { name, message, stack })
    for (const [key, member] of Object.entries(inner)) if (member !== undefined) members[key] = plain(member, depth + 1)
  }
  for (const [name, member] of Object.entries(value)) members[name] ??= plain(member, depth + 1)
  return members
}
