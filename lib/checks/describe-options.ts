import { ConfigurationError } from '../errors/configuration-error.js'
import { nearestName } from './did-you-mean.js'
import { describeValue } from './kind-of-value.js'
import type { OptionKind, Presence } from './option-kind.js'

/** What each of some options must be; to leave one out does not compile. */
export type OptionKinds<Options> = {
  readonly [Name in keyof Options]-?: OptionKind<
    Exclude<Options[Name], undefined>,
    object extends Pick<Options, Name> ? 'optional' | 'default' : 'required'
  >
}

/** The same for options that all have a default. */
export type DefaultedKinds<Options> = {
  readonly [Name in keyof Options]-?: OptionKind<Exclude<Options[Name], undefined>, 'default'>
}

/** The options with their defaults. */
export type ReadOptions<Options, Kinds> = Omit<Options, keyof WithDefault<Options, Kinds>> & WithDefault<Options, Kinds>

/** Options of which some have a default, by their names: what a function that is exported returns. */
export type WithDefaults<Options, Names extends keyof Options> = Omit<Options, Names> & {
  readonly [Name in Names]-?: Exclude<Options[Name], undefined>
}

type WithDefault<Options, Kinds> = {
  readonly [
    Name in keyof Options & keyof Kinds as Kinds[Name] extends { readonly presence: 'default' } ? Name : never
  ]-?: Exclude<Options[Name], undefined>
}

/** The one description of a function's options. */
export interface OptionsDescription<Options, Read = Options> {
  /** The function that takes them. */
  readonly name: string
  readonly kinds: Readonly<Record<string, OptionKind<unknown, Presence>>>
  /**
   * Returns the options, checked and with their defaults. Throws `ConfigurationError`, which names an option by its path.
   *
   * @param where The path of the options, where they are part of others. Default: the name of the function.
   * @param prefix What the path of an option begins with.
   */
  read(options: Options, where?: string, prefix?: string): Read
}

/** Every description, for the tables of the documentation and for tests. */
export const descriptions: OptionsDescription<never, unknown>[] = []

/**
 * Describes the options of a function once: what they are called, what each must be, and its default. What they are for stands at the
 * interface; the tables of `docs/options.md` are made of both.
 *
 * ```ts
 * const description = describeOptions<PruneOptions>()('prune', { intervalSeconds: wholeNumber(1, 86_400).or(60), clock: clock() })
 * const { intervalSeconds, clock } = description.read(options)
 * ```
 */
export function describeOptions<Options extends object>(): <Kinds extends OptionKinds<Options>>(
  name: string,
  kinds: Kinds & NoOthers<Kinds, Options>,
) => OptionsDescription<Options, ReadOptions<Options, Kinds>> {
  return (name, kinds) => {
    const described = kinds as OptionsDescription<Options>['kinds']
    const description: OptionsDescription<Options, never> = {
      name,
      kinds: described,
      read: (options, where = name, prefix = `${where}.`) => readOptions(described, options, where, prefix) as never,
    }
    descriptions.push(description)
    return description
  }
}

/** Does not compile for a member that the options do not have. */
type NoOthers<Kinds, Options> = Readonly<Record<Exclude<keyof Kinds, keyof Options>, never>>

function readOptions(
  kinds: OptionsDescription<never>['kinds'],
  options: unknown,
  where: string,
  prefix: string,
): Record<string, unknown> {
  checkNames(where, options, Object.keys(kinds))
  const read: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(kinds)) {
    const { [name]: value } = options
    if (value !== undefined || kind.presence === 'required') kind.check(prefix + name, value)
    const used = value === undefined ? kind.fallback : value
    if (used !== undefined) read[name] = used
  }
  return read
}

/** Refuses anything but an object with known members. Throws `ConfigurationError`, and says what a misspelt one was meant to be. */
export function checkNames(
  where: string,
  options: unknown,
  known: readonly string[],
): asserts options is Readonly<Record<string, unknown>> {
  const all = `Known options: ${known.join(', ')}`
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigurationError(where, `is ${describeValue(options)}; must be an object of options`, all)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const meant = nearestName(name, known)
    const remedy = meant === undefined ? all : `Did you mean ${meant}? ${all}`
    throw new ConfigurationError(`${where}.${name}`, 'is not an option', remedy)
  }
}
