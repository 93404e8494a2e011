import { types } from 'node:util'
import { redactText } from './log-text.js'

/** Members in which errors of drivers and of Node carry values. Compared without case. */
const valueNames: ReadonlySet<string> = new Set([
  'args',
  'arguments',
  'base',
  'bindings',
  'body',
  'command',
  'config',
  'data',
  'detail',
  'details',
  'headers',
  'hint',
  'input',
  'internalquery',
  'parameters',
  'params',
  'password',
  'query',
  'request',
  'response',
  'sql',
  'sqlmessage',
  'values',
  'where',
])
const MAX_DEPTH = 8
const MAX_MEMBERS = 50

/**
 * Returns a copy of a thrown value, for a log: without the secrets, and without the values that drivers and Node attach to an error or
 * quote in its message. An error keeps its class, name, code, stack frames, address, SQLSTATE and causes. Members that are objects are
 * dropped, unless they are errors.
 */
export function redactCause(thrown: unknown, secrets: readonly string[]): unknown {
  const seen = new Map<object, unknown>()
  try {
    return copyOf(thrown, 0)
  } catch {
    // A proxy, or a getter that throws.
    return new Error('The thrown value cannot be read')
  }

  function copyOf(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return redactText(value, secrets)
    if (typeof value === 'symbol') return redactText(String(value), secrets)
    if (typeof value === 'function') return '[function]'
    if (typeof value !== 'object' || value === null) return value
    const known = seen.get(value)
    if (known !== undefined) return known
    if (depth === MAX_DEPTH) return '[more]'
    if (isError(value)) return errorCopy(value, depth)
    if (Array.isArray(value)) return listCopy(value, depth)
    return isPlain(value) ? membersCopy(value, {}, depth, (member) => typeof member !== 'function') : tagOf(value)
  }

  function errorCopy(error: Error, depth: number): Error {
    const copy = emptyError()
    seen.set(error, copy)
    Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object)
    const message = redactText(textOf(error.message), secrets)
    hide(copy, 'message', message)
    if (Object.hasOwn(error, 'cause')) hide(copy, 'cause', copyOf(error.cause, depth + 1))
    const { errors } = error as { readonly errors?: unknown }
    if (Array.isArray(errors)) hide(copy, 'errors', listCopy(errors, depth))
    membersCopy(error, copy, depth, (member) => typeof member !== 'object' || member === null || isError(member))
    // In a DOMException these are getters of the prototype, which throw for any other object.
    const { name, code } = error as { readonly name: unknown; readonly code?: unknown }
    if (!Object.hasOwn(copy, 'name')) hide(copy, 'name', redactText(textOf(name), secrets))
    if (code !== undefined && !Object.hasOwn(copy, 'code')) hide(copy, 'code', copyOf(code, depth + 1))
    const title = message === '' ? copy.name : `${copy.name}: ${message}`
    hide(copy, 'stack', [title, ...framesOf(error).map((frame) => redactText(frame, secrets))].join('\n'))
    return copy
  }

  function listCopy(values: readonly unknown[], depth: number): unknown[] {
    const copy: unknown[] = []
    seen.set(values, copy)
    for (const value of values.slice(0, MAX_MEMBERS)) copy.push(copyOf(value, depth + 1))
    return copy
  }

  function membersCopy(from: object, to: object, depth: number, isKept: (member: unknown) => boolean): object {
    seen.set(from, to)
    for (const [name, member] of Object.entries(from).slice(0, MAX_MEMBERS)) {
      if (Object.hasOwn(to, name) || valueNames.has(name.toLowerCase()) || !isKept(member)) continue
      const value = copyOf(member, depth + 1)
      const key = redactText(name, secrets)
      Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true })
    }
    return to
  }
}

/** Returns the lines of a stack after the message. */
function framesOf({ message, stack }: { readonly message: unknown; readonly stack?: unknown }): string[] {
  if (typeof stack !== 'string') return []
  const start = typeof message === 'string' ? stack.indexOf(message) + message.length : 0
  return stack
    .slice(start)
    .split('\n')
    .filter((line) => /^ +at \S/.test(line))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : String(value)
}

/** Creates an error without a stack: it would cost time, and be replaced. */
function emptyError(): Error {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return new Error()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function hide(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, enumerable: false, configurable: true, writable: true })
}

/** Accepts errors of another realm as well, as in Jest. */
function isError(value: object): value is Error {
  return types.isNativeError(value) || value instanceof Error
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value)
}
