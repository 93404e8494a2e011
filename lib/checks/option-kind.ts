import { ConfigurationError } from '../errors/configuration-error.js'
import { systemClock, type Clock, isHttpTime } from '../time/clock.js'
import { isScopeToken } from '../protocol/scope.js'
import { checkInterface } from './check-interface.js'
import { interfaces, type InterfaceName } from './interfaces.js'
import { describeValue, nameValue } from './kind-of-value.js'

/** Whether an option must be given, and whether it has a default. */
export type Presence = 'required' | 'optional' | 'default'

/** What an option must be. Created by one of the functions below: optional and without a default, unless it says otherwise. */
export interface OptionKind<Value, Is extends Presence = 'optional'> {
  /** What the value must be, for messages and the documentation: `a whole number from 0 to 300`. */
  readonly expects: string
  readonly presence: Is
  /** The default. */
  readonly fallback?: Value
  /** The bounds of a whole number, both included. */
  readonly bounds?: readonly [from: number, to: number]
  /** Throws `ConfigurationError`, with the path of the option, for any other value. */
  readonly check: (path: string, value: unknown) => void
  /** Returns the same kind with a default. */
  or(fallback: Value): OptionKind<Value, 'default'>
  /** Returns the same kind, but required. */
  required(): OptionKind<Value, 'required'>
}

/** A whole number within bounds, both included. */
export function wholeNumber(from: number, to: number = Number.MAX_SAFE_INTEGER): OptionKind<number> {
  const range = to < Number.MAX_SAFE_INTEGER ? `from ${String(from)} to ${String(to)}` : `of ${String(from)} or more`
  const isValid = (value: unknown): value is number =>
    Number.isSafeInteger(value) && from <= Number(value) && Number(value) <= to
  return kindOf({
    expects: `a whole number ${range}`,
    bounds: [from, to],
    problemOf: (value) => (isValid(value) ? undefined : `is ${nameValue(value)}`),
    remedyFor: (path, value) =>
      path.endsWith('Seconds') && typeof value === 'number' && isValid(value / 1000)
        ? `If these are milliseconds, write ${String(value / 1000)}`
        : undefined,
  })
}

/** Seconds after which a request that still waits gets 503. */
export function requestTimeout(): OptionKind<number, 'default'> {
  return wholeNumber(1, 600).or(30)
}

/** Milliseconds that a store may take for one query. */
export function storeTimeout(): OptionKind<number, 'default'> {
  return wholeNumber(10, 60_000).or(5000)
}

/** `true` or `false`. Nothing else is accepted, because a string such as `no` would count as true. */
export function flag(): OptionKind<boolean> {
  return oneOf<boolean>(true, false)
}

/** One of some values. */
export function oneOf<const Value extends string | boolean>(...values: readonly Value[]): OptionKind<Value> {
  const names = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
  const expects = `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`
  return valueThat(expects, (value) => values.some((one) => one === value))
}

const anyText = /^/

/** A string that matches a pattern. Default: any string. */
export function text(form: RegExp = anyText, expects = 'a string'): OptionKind<string> {
  return valueThat(expects, (value) => typeof value === 'string' && form.test(value))
}

/** A string that no message repeats. */
export function secretText(): OptionKind<string> {
  return kindOf({
    expects: 'a string',
    problemOf: (value) => (typeof value === 'string' ? undefined : `is ${describeValue(value)}`),
  })
}

/** A list of strings that are not empty. */
export function nameList(): OptionKind<readonly string[]> {
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== ''
  return valueThat('a list of names', (value) => Array.isArray(value) && value.length > 0 && value.every(isName))
}

/** A time in whole seconds since the epoch. */
export function time(): OptionKind<number> {
  return valueThat('a time in whole seconds since the epoch', isHttpTime)
}

/** Any value that passes a test. */
export function valueThat<Value>(expects: string, isValid: (value: unknown) => boolean): OptionKind<Value> {
  return kindOf({ expects, problemOf: (value) => (isValid(value) ? undefined : `is ${nameValue(value)}`) })
}

/** A path below the issuer. */
export function path(): OptionKind<string> {
  return text(/^\/[^?#]*$/, 'a path that begins with a slash, without ? and #')
}

/** A text that can be quoted in a challenge. */
export function realm(): OptionKind<string> {
  return text(/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/, 'printable ASCII without quotes and backslashes')
}

/** A function. */
export function func<Value>(): OptionKind<Value> {
  return kindOf({
    expects: 'a function',
    problemOf: (value) => (typeof value === 'function' ? undefined : `is ${describeValue(value)}`),
  })
}

/** An object with the methods of an interface. */
export function having<Value>(name: InterfaceName): OptionKind<Value> {
  return checkedBy(interfaces[name].name, (path, value) => {
    checkInterface(path, value, name)
  })
}

/** A list of scope tokens. */
export function scopeList(): OptionKind<readonly string[]> {
  return checkedBy('a list of scope tokens', checkScopeTokens)
}

/** A clock that returns whole seconds. Default: the system clock. */
export function clock(): OptionKind<Clock, 'default'> {
  const kind = kindOf<Clock>({
    expects: 'a function that returns whole seconds since the epoch',
    problemOf(value) {
      if (typeof value !== 'function') return `is ${describeValue(value)}`
      const now = timeOf(value as () => unknown)
      if (now === unknownTime) return undefined
      // If milliseconds were taken for seconds, every token would expire a thousand times too early.
      if (Number.isSafeInteger(now) && Number(now) >= 0 && Number(now) < 100_000_000_000) return undefined
      return `returns ${nameValue(now)}`
    },
    remedyFor: (_, value) => (typeof value === 'function' ? 'Write () => Math.floor(Date.now() / 1000)' : undefined),
  })
  return kind.or(systemClock)
}

const unknownTime = Symbol('unknown time')

/** A clock that throws is accepted: it may depend on something that is not ready yet. */
function timeOf(clock: () => unknown): unknown {
  try {
    return clock()
  } catch {
    return unknownTime
  }
}

/** A value that a function accepts. The function throws `ConfigurationError` for any other. */
export function checkedBy<Value>(expects: string, check: (path: string, value: unknown) => void): OptionKind<Value> {
  return makeKind<Value, 'optional'>({ expects, checkFor: () => check }, 'optional')
}

/** The same kind, or `false` to turn something off. */
export function orFalse<Value>({ expects, bounds, check }: OptionKind<Value>): OptionKind<Value | false> {
  const checkFor = () => (path: string, value: unknown) => {
    if (value !== false) check(path, value)
  }
  const bare = { expects: `${expects}, or false`, checkFor }
  return makeKind<Value | false, 'optional'>(bounds === undefined ? bare : { ...bare, bounds }, 'optional')
}

/** An object with options of its own. Their paths begin with its path. */
export function nested<Value>(description: { read(options: Value, where?: string): unknown }): OptionKind<Value> {
  return checkedBy('an object of options', (path, value) => description.read(value as Value, path))
}

/** A value that is checked elsewhere. */
export function checkedLater<Value>(expects: string): OptionKind<Value> {
  return checkedBy(expects, () => undefined)
}

interface Rule {
  readonly expects: string
  readonly bounds?: readonly [from: number, to: number]
  /** Returns what is wrong with a value, if anything. */
  readonly problemOf: (value: unknown) => string | undefined
  /** Returns what to do about it. Absent or `undefined`: leave the option out, or set it. */
  readonly remedyFor?: (path: string, value: unknown) => string | undefined
}

function kindOf<Value>({ problemOf, remedyFor, ...rest }: Rule): OptionKind<Value> {
  const checkFor = (otherwise: string) => (path: string, value: unknown) => {
    const problem = problemOf(value)
    if (problem === undefined) return
    throw new ConfigurationError(path, `${problem}; must be ${rest.expects}`, remedyFor?.(path, value) ?? otherwise)
  }
  return makeKind<Value, 'optional'>({ ...rest, checkFor }, 'optional')
}

interface Bare extends Pick<OptionKind<unknown>, 'expects' | 'bounds'> {
  /** Returns the check, with a remedy for its message. */
  readonly checkFor: (remedy: string) => OptionKind<unknown>['check']
}

function makeKind<Value, Is extends Presence>(bare: Bare, presence: Is, fallback?: Value): OptionKind<Value, Is> {
  const { checkFor, ...rest } = bare
  const isShown = ['number', 'boolean', 'string'].includes(typeof fallback)
  const remedy = `Leave it out for ${isShown ? String(fallback) : 'the default'}`
  return {
    ...rest,
    presence,
    ...(fallback === undefined ? {} : { fallback }),
    check: checkFor(presence === 'required' ? 'Set it' : remedy),
    or: (value) => makeKind<Value, 'default'>(bare, 'default', value),
    required: () => makeKind<Value, 'required'>(bare, 'required'),
  }
}

/** Refuses anything but a list of scope tokens. Throws `ConfigurationError`. */
export function checkScopeTokens(path: string, scopes: unknown): asserts scopes is readonly string[] {
  if (!Array.isArray(scopes)) {
    const problem = `is ${nameValue(scopes)}; must be a list of scope tokens`
    throw new ConfigurationError(path, problem, "Write one scope token per entry, such as ['orders:read']")
  }
  scopes.forEach((scope: unknown, index) => {
    if (typeof scope === 'string' && isScopeToken(scope)) return
    throw new ConfigurationError(
      `${path}[${String(index)}]`,
      `is ${nameValue(scope)}; must be a scope token`,
      'Use printable ASCII without spaces, quotes and backslashes',
    )
  })
}

/** Refuses anything but a function or `undefined`. Throws `ConfigurationError`. */
export function checkFunction(path: string, value: unknown): void {
  if (value !== undefined) func().check(path, value)
}
