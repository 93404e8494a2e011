import { describe, expect, it } from 'vitest'
import { describeOptions } from '../../../lib/checks/describe-options.js'
import { nearestName } from '../../../lib/checks/did-you-mean.js'
import { nameValue } from '../../../lib/checks/kind-of-value.js'
import {
  checkedBy,
  clock,
  flag,
  func,
  oneOf,
  path,
  scopeList,
  text,
  wholeNumber,
} from '../../../lib/checks/option-kind.js'
import { ConfigurationError } from '../../../lib/errors/configuration-error.js'
import { systemClock, type Clock } from '../../../lib/time/clock.js'

interface LanternOptions {
  readonly owner: string
  readonly lifetimeSeconds?: number
  readonly isBright?: boolean
  readonly color?: 'red' | 'green' | undefined
  readonly onLight?: () => void
  readonly scopes?: readonly string[]
  readonly clock?: Clock
}

const lantern = describeOptions<LanternOptions>()('lightLantern', {
  owner: text(/^[a-z]+$/, 'a name in small letters').required(),
  lifetimeSeconds: wholeNumber(1, 86_400).or(60),
  isBright: flag().or(true),
  color: oneOf('red', 'green'),
  onLight: func(),
  scopes: scopeList(),
  clock: clock(),
})

function refusalOf(given: unknown): string {
  try {
    lantern.read(given as LanternOptions)
  } catch (error) {
    if (error instanceof ConfigurationError && error.message.startsWith(`${error.option}: `)) return error.message
    throw error
  }
  throw new Error('The options were accepted')
}

describe('describeOptions', () => {
  it('reads options with their defaults, and leaves out what is absent', () => {
    const onLight = (): void => undefined
    expect(lantern.read({ owner: 'ada', onLight })).toStrictEqual({
      owner: 'ada',
      lifetimeSeconds: 60,
      isBright: true,
      onLight,
      clock: systemClock,
    })
    // An undefined member is an absent one.
    expect(lantern.read({ owner: 'ada', isBright: false, color: undefined })).toStrictEqual({
      owner: 'ada',
      lifetimeSeconds: 60,
      isBright: false,
      clock: systemClock,
    })
  })

  it('knows by their types which options have a default', () => {
    const read = lantern.read({ owner: 'ada' })
    const lifetimeSeconds: number = read.lifetimeSeconds
    // @ts-expect-error without a default it may be absent
    const color: 'red' | 'green' = read.color
    expect([lifetimeSeconds, color]).toEqual([60, undefined])
  })

  it('does not compile for a missing member, another one, or a kind or default of another type', () => {
    interface Options {
      readonly seconds?: number
      readonly name: string
    }
    const describe = describeOptions<Options>()
    const name = text(/./, 'a name').required()
    // @ts-expect-error a member is missing
    describe('f', { name })
    // @ts-expect-error there is no such member
    describe('f', { name, seconds: wholeNumber(1), minutes: wholeNumber(1) })
    // @ts-expect-error a flag where a number is declared
    describe('f', { name, seconds: flag() })
    // @ts-expect-error a text as the default of a number
    describe('f', { name, seconds: wholeNumber(1).or('60') })
    // @ts-expect-error a required option is described as optional
    describe('f', { name: text(/./, 'a name'), seconds: wholeNumber(1) })
    expect(describe('f', { name, seconds: wholeNumber(1) }).read({ name: 'a' })).toEqual({ name: 'a' })
  })

  it.each<[given: unknown, says: string]>([
    [null, 'lightLantern: is null; must be an object of options. Known options: owner, '],
    ['ada', 'lightLantern: is a string; must be an object of options. Known options: owner, '],
    [[], 'lightLantern: is a list; must be an object of options. Known options: owner, '],
    [
      { owner: 'ada', lifetime: 60 },
      'lightLantern.lifetime: is not an option. Did you mean lifetimeSeconds? Known options: owner, lifetimeSeconds, ',
    ],
    [{ owner: 'ada', shade: 1 }, 'lightLantern.shade: is not an option. Known options: owner, '],
    [{}, 'lightLantern.owner: is undefined; must be a name in small letters. Set it.'],
    [
      { owner: 'ada', lifetimeSeconds: '3600' },
      "lightLantern.lifetimeSeconds: is '3600', a string; must be a whole number from 1 to 86400. Leave it out for 60.",
    ],
    [
      { owner: 'ada', lifetimeSeconds: 3_600_000 },
      'lightLantern.lifetimeSeconds: is 3600000; must be a whole number from 1 to 86400. If these are milliseconds, write 3600.',
    ],
    [
      { owner: 'ada', isBright: 'no' },
      "lightLantern.isBright: is 'no', a string; must be true or false. Leave it out for true.",
    ],
    [
      { owner: 'ada', color: 'blue' },
      "lightLantern.color: is 'blue', a string; must be 'red' or 'green'. Leave it out for the default.",
    ],
    [
      { owner: 'ada', onLight: 'secret' },
      'lightLantern.onLight: is a string; must be a function. Leave it out for the default.',
    ],
    [
      { owner: 'ada', scopes: 'orders:read' },
      "lightLantern.scopes: is 'orders:read', a string; must be a list of scope tokens. Write one scope token per entry, such as ['orders:read'].",
    ],
    [
      { owner: 'ada', scopes: ['a', 'b c'] },
      "lightLantern.scopes[1]: is 'b c', a string; must be a scope token. Use printable ASCII without spaces, quotes and backslashes.",
    ],
    [
      { owner: 'ada', clock: 5 },
      'lightLantern.clock: is a number; must be a function that returns whole seconds since the epoch. Leave it out for the default.',
    ],
    [
      { owner: 'ada', clock: () => 1_800_000_000_000 },
      'lightLantern.clock: returns 1800000000000; must be a function that returns whole seconds since the epoch. Write () => Math.floor(Date.now() / 1000).',
    ],
  ])('refuses %j', (given, says) => {
    expect(refusalOf(given)).toContain(says)
  })

  it('accepts a clock that does not know the time yet', () => {
    const late = (): number => server.now()
    expect(lantern.read({ owner: 'ada', clock: late }).clock).toBe(late)
    const server = { now: () => 1_800_000_000 }
    expect(late()).toBe(1_800_000_000)
  })

  it('names options by the given path', () => {
    expect(() => lantern.read({ owner: 'ada', lifetimeSeconds: 0 }, 'lanterns[2]')).toThrow(
      'lanterns[2].lifetimeSeconds: is 0; must be ',
    )
    expect(() => lantern.read({ owner: 'ada', lifetimeSeconds: 0 }, 'lightLantern', '')).toThrow(
      /^lifetimeSeconds: is 0; /,
    )
  })
})

describe('the kinds of options', () => {
  it('describe what they expect as the documentation does', () => {
    const kinds = [wholeNumber(0, 300), wholeNumber(1), flag(), oneOf('a', 'b', 'c'), path(), scopeList(), func()]
    expect(kinds.map(({ expects }) => expects)).toEqual([
      'a whole number from 0 to 300',
      'a whole number of 1 or more',
      'true or false',
      "'a', 'b' or 'c'",
      'a path that begins with a slash, without ? and #',
      'a list of scope tokens',
      'a function',
    ])
  })

  it('do not check a default', () => {
    const kind = checkedBy<string>('nothing', () => {
      throw new ConfigurationError('a', 'is wrong', 'Leave it out')
    })
    const description = describeOptions<{ readonly a?: string }>()('f', { a: kind.or('x') })
    expect(description.read({})).toEqual({ a: 'x' })
    expect(() => description.read({ a: 'x' })).toThrow(ConfigurationError)
  })
})

describe('nearestName', () => {
  const known = ['accessTokenLifetimeSeconds', 'refreshTokenLifetimeSeconds', 'issuer', 'clients', 'tokens', 'for']

  it.each([
    ['isuer', 'issuer'],
    ['Issuer', 'issuer'],
    ['isseur', 'issuer'],
    ['client', 'clients'],
    ['accesTokenLifetimeSeconds', 'accessTokenLifetimeSeconds'],
    ['accessTokenLifetime', 'accessTokenLifetimeSeconds'],
    ['accessTokenLifetimeSecondsLong', 'accessTokenLifetimeSeconds'],
    ['refreshTokenLifeTimeSeconds', 'refreshTokenLifetimeSeconds'],
    ['ttl', undefined],
    ['scope', undefined],
    ['', undefined],
    ['__proto__', undefined],
  ])('of %s is %s', (name, nearest) => {
    expect(nearestName(name, known)).toBe(nearest)
  })
})

describe('a value is named in a message', () => {
  it.each<[value: unknown, named: string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [0.5, '0.5'],
    [NaN, 'NaN'],
    [true, 'true'],
    ['a\n"b"', String.raw`'a\n\"b\"', a string`],
    ['', 'an empty string'],
    ['x'.repeat(61), 'a string'],
    [['a'], 'a list'],
    [Promise.resolve(), 'a promise'],
    [{}, 'an object'],
    [new Date(), 'a Date'],
    [refusalOf, 'the function refusalOf'],
    [5n, 'a bigint'],
  ])('%o', (value, named) => {
    expect(nameValue(value)).toBe(named)
  })
})
