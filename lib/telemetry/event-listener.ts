import type { EventLevel } from './request-events.js'
import type { OAuthEvent } from './events.js'
import { isProduction } from '../checks/check-issuer.js'
import { consoleEvents, levelOf, isDebugged } from './console-events.js'

/** The listener of a server. */
export interface EventListener {
  readonly listen: (event: OAuthEvent) => unknown
  /** The least severe level that it wants. */
  readonly level: EventLevel
}

/**
 * Returns the listener of a server: `onEvent` of the application, or else the console. With `NODE_DEBUG=latchkey`, all events are also
 * written to the console.
 */
export function eventListener(onEvent: ((event: OAuthEvent) => unknown) | undefined, issuer: string): EventListener {
  if (onEvent === undefined) return defaultListener(issuer)
  const level = levelOf(onEvent)
  if (level !== undefined || !isDebugged) return { listen: onEvent, level: level ?? 'debug' }
  const debug = consoleEvents()
  return {
    level: 'debug',
    listen: (event) => {
      debug(event)
      return onEvent(event)
    },
  }
}

const listeners = new Map<string, EventListener>()
const warned = new Set<string>()

/**
 * Returns the listener that writes to the console. In development, it writes refusals and anything more severe. In production, and in
 * tests, where requests are refused on purpose, it writes warnings and failures. All servers of a process share it.
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
    listen: (event) => {
      if (event.type !== 'warning' || isNews(event.code, event.message)) write(event)
    },
  }
  listeners.set(key, listener)
  return listener
}

/** Returns whether a warning is new: each is written once for all servers. In tests, the password grant is not warned about. */
function isNews(code: string, message: string): boolean {
  if (code === 'password_grant_enabled' && process.env['NODE_ENV'] === 'test') return false
  const text = `${code} ${message}`
  if (warned.has(text)) return false
  if (warned.size < 1000) warned.add(text)
  return true
}
