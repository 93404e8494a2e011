import { types } from 'node:util'
import type { OAuthEvent } from './events.js'
import type { Fold } from './folded-lines.js'
import type { EventLevel } from './request-events.js'
import { logText } from '../errors/log-text.js'
import { causeLines } from './cause-lines.js'

/** A text format of events. */
export interface EventFormat {
  line(event: OAuthEvent): string
  /** Returns the line for events that were counted instead of written. */
  fold(fold: Fold<OAuthEvent>): string
}

const MAX_DEPTH = 8

/** Each event is one line of ASCII JSON with an ISO time. Errors have their name, message, code, stack and causes. */
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

/** Converts any thrown value to one that JSON can represent. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === MAX_DEPTH) return '[more]'
  if (Array.isArray(value)) return value.map((entry) => plain(entry, depth + 1))
  const members: Record<string, unknown> = {}
  if (types.isNativeError(value) || value instanceof Error) {
    // In a DOMException these are getters.
    const { name, message, code, stack, cause, errors } = value as Error & Readonly<Record<'code' | 'errors', unknown>>
    const inner = { code, cause, errors }
    Object.assign(members, { name, message, stack })
    for (const [key, member] of Object.entries(inner)) if (member !== undefined) members[key] = plain(member, depth + 1)
  }
  for (const [name, member] of Object.entries(value)) members[name] ??= plain(member, depth + 1)
  return members
}

/** The options of {@link prettyFormat}. */
export interface PrettyOptions {
  /** A terminal shows the time of day, a file the date as well. */
  readonly isTerminal: boolean
  readonly isColored: boolean
  readonly showsStack: (event: OAuthEvent) => boolean
}

/** Creates the format for people: one line per event; below it, the findings of a warning or the causes of a failure. */
export function prettyFormat(options: PrettyOptions): EventFormat {
  return {
    line(event) {
      const details = eventDetails(event, options.showsStack(event))
      return `${lineStart(event, options)} ${eventText(event)}${eventOrigin(event)}${details}`
    },
    fold({ count, last, seconds, areEqual }) {
      const what = areEqual ? 'like this' : last.type
      const text = `and ${String(count)} more ${what} in ${String(seconds)} s, the last one:`
      return `${lineStart(last, options)} ${text} ${eventText(last)}${eventOrigin(last)}`
    },
  }
}

/** Members with a fixed place in the line or below it. */
const placed: ReadonlySet<string> = new Set([
  'type',
  'level',
  'at',
  'requestId',
  'endpoint',
  'address',
  'error',
  'code',
  'description',
  'message',
  'cause',
  'findings',
])
const shortNames: Readonly<Record<string, string>> = { clientId: 'client', userId: 'user' }

/**
 * Returns what happened, without time and origin: `request_refused invalid_client reason=no_credentials endpoint=token`. Events with the
 * same text and the same details are folded.
 */
export function eventText(event: OAuthEvent): string {
  const members = event as unknown as Readonly<Record<string, unknown>>
  const { error, code = error, description, message = description } = members
  const words: string[] = [event.type]
  if (typeof code === 'string') words.push(code)
  for (const name of Object.keys(members)) {
    const value = members[name]
    if (!placed.has(name) && value !== undefined) words.push(`${shortNames[name] ?? name}=${quoted(value)}`)
  }
  if (event.endpoint !== undefined) words.push(`endpoint=${event.endpoint}`)
  if (typeof message === 'string') words.push(JSON.stringify(message))
  return words.join(' ')
}

/** Returns the lines below that of an event: the findings of a warning, or the causes of a failure. */
export function eventDetails(event: OAuthEvent, withStacks: boolean): string {
  if (event.type === 'failure') return causeLines(event.cause, withStacks)
  if (event.type !== 'warning') return ''
  return (event.findings ?? [])
    .map(({ code, reason, remedy }) => {
      // The message of the warning may be the reason itself.
      const said = reason === event.message ? remedy : `${code}: ${reason}. ${remedy}`
      return `\n  ${logText(said, 1024)}.`
    })
    .join('')
}

/** Returns the address and the id of the request; empty without a request. */
function eventOrigin({ endpoint, address, requestId }: OAuthEvent): string {
  if (endpoint === undefined) return ''
  return `${address === undefined ? '' : ` address=${quoted(address)}`} id=${quoted(requestId)}`
}

const colors: Readonly<Record<EventLevel, number>> = { error: 31, warn: 33, info: 36, debug: 90 }

function lineStart({ at, level }: OAuthEvent, { isTerminal, isColored }: PrettyOptions): string {
  const date = new Date(at * 1000)
  const time = isTerminal ? date.toTimeString().slice(0, 8) : date.toISOString().replace('.000', '')
  return `${time} latchkey ${isColored ? `\u001B[${String(colors[level])}m${level}\u001B[39m` : level}`
}

/** Returns a value in quotes, unless it is one word. */
function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"=\\]+$/.test(text) ? text : JSON.stringify(text)
}
