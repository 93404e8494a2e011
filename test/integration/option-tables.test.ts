import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { descriptions } from '../../lib/checks/describe-options.js'
import { defaultIn, describedBy, docOf, formatted, interfaces, withTables } from '../fixtures/option-tables.js'
import '../fixtures/every-entry-point.js'

const page = join(import.meta.dirname, '../../docs/options.md')

/** Not for applications: what our own functions hand each other. */
const internal = [
  'BreakerOptions',
  'KnownSigningKeysOptions',
  'LimiterThrottleOptions',
  'NodeRedisCommandOptions',
  'OAuthErrorOptions',
  'PostgresConnectionOptions',
  'PrettyOptions',
  'SchemaOptions',
  'StoreUnavailableErrorOptions',
  'TokenVerifierOptions',
  'WorkerPoolOptions',
]

describe('docs/options.md', () => {
  it('has the tables that the descriptions and doc comments make: `npm run docs` writes them', async () => {
    await expect(withTables(readFileSync(page, 'utf8'))).toMatchFileSnapshot(page)
  })

  it('has a table for each description', () => {
    const shown = [...readFileSync(page, 'utf8').matchAll(/<!-- options of (\w+) -->/g)].map(([, name]) => name)
    expect(shown.sort()).toEqual([...new Set(descriptions.map(({ name }) => name))].sort())
  })
})

describe('the interfaces of options', () => {
  it('all have a description, so that every option is checked', () => {
    const described = new Set([...describedBy.values()].flatMap((names) => [...names]))
    const parents = [...described].flatMap((name) => interfaces.get(name)?.parents ?? [])
    const missing = [...interfaces.keys()].filter(
      (name) =>
        name.endsWith('Options') &&
        !name.endsWith('ContractOptions') &&
        !described.has(name) &&
        !parents.includes(name),
    )
    expect(missing.filter((name) => !internal.includes(name))).toEqual([])
  })

  const options = descriptions.flatMap(({ name, kinds }) =>
    Object.entries(kinds).map(([option, kind]) => [`${name}.${option}`, name, option, kind] as const),
  )

  it.each(options)('describe %s with the default and bounds of its description', (_, name, option, kind) => {
    const doc = docOf(describedBy.get(name) ?? [], option)
    expect(doc).toBeTruthy()
    const told = defaultIn(doc!)
    const real = formatted(kind.fallback)
    if (told !== undefined && real !== undefined)
      expect(plain(told)).toMatch(new RegExp(`^${escaped(plain(real))}(?![\\w.])`))
    const [, from, to] = /\b(\d[\d,]*) to (\d[\d,]*)\b/.exec(doc!) ?? []
    if (from !== undefined && kind.bounds !== undefined) expect([number(from), number(to!)]).toEqual(kind.bounds)
    const [, most] = /(?<!processor, )\bat most (\d[\d,]*)\b(?! characters)/.exec(doc!) ?? []
    if (most !== undefined && kind.bounds !== undefined) expect(number(most)).toBe(kind.bounds[1])
  })
})

const plain = (text: string): string => text.replaceAll(/[`',]/g, '')
const escaped = (text: string): string => text.replaceAll(/[{}()/[\]$.*+?^|\\]/g, String.raw`\$&`)
const number = (text: string): number => Number(text.replaceAll(',', ''))
