import { ConfigurationError } from '../errors/configuration-error.js'
import { systemClock, type Clock } from '../protocol/clock.js'
import { isScopeToken } from '../protocol/scope.js'
import { checkInterface } from './check-interface.js'
import { interfaces, type InterfaceName } from './interfaces.js'
import { nameKind, nameValue } from './name-value.js'

/** What a caller has to do about an option: give it, or leave it out, with or without a default. */
export type Presence = 'required' | 'optional' | 'default'

/** What an option must be. Made by one of the functions below; optional without a default unless it says more. */
export interface OptionKind<Value, Is extends Presence = 'optional'> {
  /** What the value must be, for messages and the documentation: `a whole number from 0 to 300`. */
  readonly expects: string
  readonly presence: Is
  /** The value where none is given. */
  readonly fallback?: Value
  /** Of a whole number. */
  readonly bounds?: readonly [from: number, to: number]
  /** Refuses another value, and names it by its path. Throws `ConfigurationError`. */
  check(path: string, value: unknown): void
  /** The same with a default. */
  or(fallback: Value): OptionKind<Value, 'default'>
  /** The same, to be given in any case. */
  required(): OptionKind<Value, 'required'>
}

/** Any whole number within bounds, both included. Without an upper one: as large as a number can be. */
export function wholeNumber(from: number, to: number = Number.MAX_SAFE_INTEGER): OptionKind<number> {
  const range = to < Number.MAX_SAFE_INTEGER ? `from ${String(from)} to ${String(to)}` : `above ${String(from - 1)}`
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

/** How long a store may take for one answer. */
export function storeTimeout(): OptionKind<number, 'default'> {
  return wholeNumber(10, 60_000).or(5000)
}

/** `true` or `false`: a word such as `no` would count as true. */
export function flag(): OptionKind<boolean> {
  return oneOf<boolean>(true, false)
}

/** One of some values. */
export function oneOf<const Value extends string | boolean>(...values: readonly Value[]): OptionKind<Value> {
  const names = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
  return kindOf({
    expects: `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`,
    problemOf: (value) => (values.some((one) => one === value) ? undefined : `is ${nameValue(value)}`),
  })
}

/** A text of some form. */
export function text(form: RegExp, expects: string): OptionKind<string> {
  return kindOf({
    expects,
    problemOf: (value) => (typeof value === 'string' && form.test(value) ? undefined : `is ${nameValue(value)}`),
  })
}

/** A path below the issuer. */
export function path(): OptionKind<string> {
  return text(/^\/[^?#]*$/, 'a path that begins with a slash, without ? and #')
}

/** What stands in quotes in a challenge. */
export function realm(): OptionKind<string> {
  return text(/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/, 'printable ASCII without quotes and backslashes')
}

/** A function. */
export function func<Value>(): OptionKind<Value> {
  return kindOf({
    expects: 'a function',
    problemOf: (value) => (typeof value === 'function' ? undefined : `is ${nameKind(value)}`),
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

/** A clock that tells whole seconds. Default: that of the machine. */
export function clock(): OptionKind<Clock, 'default'> {
  const kind = kindOf<Clock>({
    expects: 'a function that returns whole seconds since the epoch',
    problemOf(value) {
      if (typeof value !== 'function') return `is ${nameKind(value)}`
      const now: unknown = (value as () => unknown)()
      // Milliseconds taken for seconds would end every token after a thousandth of its time.
      if (Number.isSafeInteger(now) && Number(now) >= 0 && Number(now) < 100_000_000_000) return undefined
      return `returns ${nameValue(now)}`
    },
    remedyFor: (_, value) => (typeof value === 'function' ? 'Write () => Math.floor(Date.now() / 1000)' : undefined),
  })
  return kind.or(systemClock)
}

/** Whatever a function accepts that throws `ConfigurationError` for everything else. */
export function checkedBy<Value>(expects: string, check: (path: string, value: unknown) => void): OptionKind<Value> {
  return withPresence<Value, 'optional'>({ expects, check }, 'optional', undefined)
}

/** What its user checks, who knows more. */
export function checkedLater<Value>(expects: string): OptionKind<Value> {
  return checkedBy(expects, () => undefined)
}

interface Rule {
  readonly expects: string
  readonly bounds?: readonly [from: number, to: number]
  /** What is wrong with a value, if anything. */
  readonly problemOf: (value: unknown) => string | undefined
  /** What to do about it. Absent, or undefined: leave it out, or set it. */
  readonly remedyFor?: (path: string, value: unknown) => string | undefined
}

function kindOf<Value>({ expects, bounds, problemOf, remedyFor }: Rule): OptionKind<Value> {
  const check: OptionKind<Value>['check'] = function (this: OptionKind<Value, Presence>, path, value) {
    const problem = problemOf(value)
    if (problem === undefined) return
    throw new ConfigurationError(path, `${problem}; must be ${expects}`, remedyFor?.(path, value) ?? remedyOf(this))
  }
  const bare = bounds === undefined ? { expects, check } : { expects, check, bounds }
  return withPresence<Value, 'optional'>(bare, 'optional', undefined)
}

function remedyOf({ presence, fallback }: OptionKind<unknown, Presence>): string {
  if (presence === 'required') return 'Give it one'
  const isShown = typeof fallback === 'number' || typeof fallback === 'boolean' || typeof fallback === 'string'
  return `Leave it out for ${isShown ? String(fallback) : 'the default'}`
}

type Bare = Pick<OptionKind<unknown>, 'expects' | 'bounds' | 'check'>

function withPresence<Value, Is extends Presence>(
  bare: Bare,
  presence: Is,
  fallback: Value | undefined,
): OptionKind<Value, Is> {
  return {
    ...bare,
    presence,
    ...(fallback === undefined ? {} : { fallback }),
    or: (value) => withPresence<Value, 'default'>(bare, 'default', value),
    required: () => withPresence<Value, 'required'>(bare, 'required', undefined),
  }
}

/** Refuses anything but a list of scope tokens. Throws `ConfigurationError`. */
export function checkScopeTokens(path: string, scopes: unknown): asserts scopes is readonly string[] {
  if (!Array.isArray(scopes)) {
    const problem = `is ${nameValue(scopes)}; must be a list of scope tokens`
    throw new ConfigurationError(path, problem, "Write one scope token an entry, such as ['orders:read']")
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
