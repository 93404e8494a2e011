import type { EventLevel } from './request-events.js'
import type { OAuthEvent } from './events.js'
import { isProduction } from '../checks/check-issuer.js'
import { consoleEvents, levelOf, isDebugged } from './console-events.js'

/** Who is told of events. */
export interface EventListener {
  readonly tell: (event: OAuthEvent) => unknown
  /** It need not be told of less severe events. */
  readonly level: EventLevel
}

/**
 * The listener of a server: the application's, with all events on the console besides where `NODE_DEBUG=latchkey`, or else the console
 * alone.
 */
export function eventListener(onEvent: ((event: OAuthEvent) => unknown) | undefined, issuer: string): EventListener {
  if (onEvent === undefined) return defaultListener(issuer)
  const level = levelOf(onEvent)
  if (level !== undefined || !isDebugged) return { tell: onEvent, level: level ?? 'debug' }
  const debug = consoleEvents()
  return {
    level: 'debug',
    tell: (event) => {
      debug(event)
      return onEvent(event)
    },
  }
}

const listeners = new Map<string, EventListener>()
const warned = new Set<string>()

/**
 * Writes to the console: while developing, refusals and all that is more severe; in production, and in tests, where requests are refused on
 * purpose, warnings and failures. One for all servers of a process.
 */
function defaultListener(issuer: string): EventListener {
  const inProduction = isProduction(issuer)
  const level = isDebugged ? 'debug' : inProduction || process.env['NODE_ENV'] === 'test' ? 'warn' : 'info'
  const key = `${level} ${String(inProduction)}`
  const known = listeners.get(key)
  if (known !== undefined) return known
  const write = consoleEvents(inProduction && !isDebugged ? { level, stacks: false } : { level })
  const listener: EventListener = {
    level,
    tell: (event) => {
      if (event.type !== 'warning' || isNews(event.code, event.message)) write(event)
    },
  }
  listeners.set(key, listener)
  return listener
}

/** Each warning is written once, not for each server. What every test of an application would say is not written in tests. */
function isNews(code: string, message: string): boolean {
  if (code === 'password_grant_enabled' && process.env['NODE_ENV'] === 'test') return false
  const text = `${code} ${message}`
  if (warned.has(text)) return false
  if (warned.size < 1000) warned.add(text)
  return true
}
