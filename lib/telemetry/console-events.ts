import { Console } from 'node:console'
import { debuglog } from 'node:util'
import { describeOptions } from '../checks/describe-options.js'
import { flag, func, oneOf, wholeNumber } from '../checks/option-kind.js'
import type { EventLevel } from './request-events.js'
import { type OAuthEvent, isAtLeast } from './events.js'
import { isProduction } from '../checks/check-issuer.js'
import { FoldedLines } from './folded-lines.js'
import { jsonFormat, eventDetails, eventText, prettyFormat } from './event-formats.js'

/** The options of {@link consoleEvents}. */
export interface ConsoleEventsOptions {
  /** The least severe level that is written. Default `info`. */
  readonly level?: EventLevel
  /** `pretty`: lines for people. `json`: an object a line, for log collectors. Default `pretty`. */
  readonly format?: 'pretty' | 'json'
  /**
   * Seconds, at most 3600, for which equal events are counted instead of written: those that differ only in time, address and request. 0
   * writes all of them. Default 60 for `pretty`, 0 for `json`.
   */
  readonly foldSeconds?: number
  /**
   * Whether `pretty` failures have stack frames. Default: at level `debug`, and for a `server_error` unless `NODE_ENV` is `production`.
   */
  readonly stacks?: boolean
  /** Receives each text to write, without a line break at its end, and its level. Default: writes to the standard error stream. */
  readonly write?: (text: string, level: EventLevel) => void
}

const description = describeOptions<ConsoleEventsOptions>()('consoleEvents', {
  level: oneOf('error', 'warn', 'info', 'debug').or('info'),
  format: oneOf('pretty', 'json').or('pretty'),
  foldSeconds: wholeNumber(0, 3600),
  stacks: flag(),
  write: func<(text: string, level: EventLevel) => void>().or(writeToStandardError),
})

/** The levels of the listeners that {@link consoleEvents} has returned. */
const levels = new WeakMap<object, EventLevel>()

/**
 * Creates a listener for `onEvent` that writes events to the standard error stream. With `NODE_DEBUG=latchkey` it writes all of them.
 * Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * const onEvent = consoleEvents({ format: 'json' })
 * createAuthorizationServer({ issuer: 'https://auth.example.com', clients, tokens, scopes: [], grants: [], onEvent })
 * ```
 */
export function consoleEvents(options: ConsoleEventsOptions = {}): (event: OAuthEvent) => void {
  const { format, write, ...given } = description.read(options)
  const level = isDebugged ? 'debug' : given.level
  const foldSeconds = isDebugged ? 0 : (options.foldSeconds ?? (format === 'pretty' ? 60 : 0))
  const isTerminal = options.write === undefined && process.stderr.isTTY
  const showsStack = (event: OAuthEvent): boolean =>
    options.stacks ?? (level === 'debug' || (isFault(event) && !isProduction('')))
  const lines =
    format === 'json' ? jsonFormat : prettyFormat({ isTerminal, isColored: isTerminal && hasColors(), showsStack })
  const folded = new FoldedLines<OAuthEvent>(foldSeconds, (fold) => {
    try {
      write(lines.fold(fold), fold.last.level)
    } catch {
      // Called by a timer: an error here would end the process.
    }
  })
  const listener = (event: OAuthEvent): void => {
    if (!isAtLeast(event.type, level)) return
    if (foldSeconds === 0 || folded.isNew(eventText(event) + eventDetails(event, false), event))
      write(lines.line(event), event.level)
  }
  levels.set(listener, level)
  return listener
}

/** Returns the least severe level that a listener writes; `undefined` if it was not made by {@link consoleEvents}. */
export function levelOf(listener: (event: OAuthEvent) => unknown): EventLevel | undefined {
  return levels.get(listener)
}

/** Returns whether an event is a bug. For a mistake in the configuration, the stack would not help. */
function isFault(event: OAuthEvent): boolean {
  if (event.type !== 'failure' || event.error !== 'server_error') return false
  return (event.cause as { readonly name?: unknown } | null | undefined)?.name !== 'ConfigurationError'
}

/** Whether the process was started with `NODE_DEBUG=latchkey`, or with a list or a pattern that includes it. */
export const isDebugged: boolean = debuglog('latchkey').enabled

let own: Console | undefined

/**
 * Writes to the standard error stream. Uses a console of its own: Jest adds a stack to each line of the global one, and writing to the
 * stream directly ends the process when its reader is gone.
 */
export function writeToStandardError(text: string): void {
  own ??= new Console(process.stderr)
  own.error(text)
}

/** Returns whether the standard error stream is a terminal with colors, and `NO_COLOR` is not set. */
export function hasColors(): boolean {
  return process.stderr.isTTY && !process.env['NO_COLOR'] && process.stderr.hasColors()
}
