import { ConfigurationError } from '../errors/configuration-error.js'
import { nearestName } from './did-you-mean.js'
import { describeValue } from './kind-of-value.js'
import type { OptionKind, Presence } from './option-kind.js'

/** What each option must be. A missing one does not compile. */
export type OptionKinds<Options> = {
  readonly [Name in keyof Options]-?: OptionKind<
    Exclude<Options[Name], undefined>,
    object extends Pick<Options, Name> ? 'optional' | 'default' : 'required'
  >
}

/** The same, for options that all have a default. */
export type DefaultedKinds<Options> = {
  readonly [Name in keyof Options]-?: OptionKind<Exclude<Options[Name], undefined>, 'default'>
}

/** The options with their defaults. */
export type ReadOptions<Options, Kinds> = Omit<Options, keyof WithDefault<Options, Kinds>> & WithDefault<Options, Kinds>

/** The options, with the named ones always present: for the return types of exported functions. */
export type WithDefaults<Options, Names extends keyof Options> = Omit<Options, Names> & {
  readonly [Name in Names]-?: Exclude<Options[Name], undefined>
}

type WithDefault<Options, Kinds> = {
  readonly [
    Name in keyof Options & keyof Kinds as Kinds[Name] extends { readonly presence: 'default' } ? Name : never
  ]-?: Exclude<Options[Name], undefined>
}

/** The description of a function's options. */
export interface OptionsDescription<Options, Read = Options> {
  /** The function that takes them. */
  readonly name: string
  readonly kinds: Readonly<Record<string, OptionKind<unknown, Presence>>>
  /**
   * Checks the options and returns them with their defaults. Throws `ConfigurationError`, which names an option by its path.
   *
   * @param where The path of the options, if they are part of others. Default: the name of the function.
   * @param prefix The beginning of the path of an option. Default: `where` and a dot.
   */
  read(options: Options, where?: string, prefix?: string): Read
}

/** All descriptions, for the tables of the documentation and for tests. */
export const descriptions: OptionsDescription<never, unknown>[] = []

/**
 * Describes the options of a function: their names, what each must be, and its default. What they are for is said in the doc comments of
 * the interface. The tables of `docs/options.md` are generated from both.
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

/** Refuses anything but an object with known members. Throws `ConfigurationError`, which suggests the right name of a misspelt one. */
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
