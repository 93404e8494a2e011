import { describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  createAuthorizationServer,
  clientCredentialsGrant,
  memoryThrottle,
  pruneRegularly,
  storedSigningKeys,
} from 'latchkey'
import { createResourceServer } from 'latchkey/resource-server'
import { createMemoryStores, MemoryTokenStore } from 'latchkey/stores/memory'
import { openMysqlStores } from 'latchkey/stores/mysql'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { openRedisStores } from 'latchkey/stores/redis'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { descriptions } from '../../../lib/checks/describe-options.js'
import { interfaces } from '../../fixtures/option-tables.js'
import '../../fixtures/every-entry-point.js'

const { clients, tokens, keys } = createMemoryStores({ pruneIntervalSeconds: 0 })
const issuer = 'https://api.example.com'

/** What takes a clock: the interface of its options, the path of the clock, and a call with one. */
const clocks: readonly (readonly [options: string, path: string, call: (clock: never) => unknown])[] = [
  [
    'AuthorizationServerOptions',
    'clock',
    (clock) =>
      createAuthorizationServer({ issuer, clients, tokens, scopes: ['a'], grants: [clientCredentialsGrant()], clock }),
  ],
  ['ResourceServerOptions', 'clock', (clock) => createResourceServer({ issuer, audience: issuer, jwks: true, clock })],
  [
    'StoredSigningKeysOptions',
    'storedSigningKeys.clock',
    (clock) => storedSigningKeys({ store: keys, passphrase: 'a passphrase for a test', clock }),
  ],
  ['MemoryThrottleOptions', 'memoryThrottle.clock', (clock) => memoryThrottle({ clock })],
  ['PruneRegularlyOptions', 'pruneRegularly.clock', (clock) => pruneRegularly(tokens, { clock })],
  ['MemoryTokenStoreOptions', 'MemoryTokenStore.clock', (clock) => new MemoryTokenStore({ clock })],
  ['MemoryTokenStoreOptions', 'createMemoryStores.clock', (clock) => createMemoryStores({ clock })],
  ['SqliteStoresOptions', 'openSqliteStores.clock', (clock) => openSqliteStores(':memory:', { clock })],
  [
    'PostgresStoresOptions',
    'openPostgresStores.clock',
    (clock) => openPostgresStores({ connect: () => undefined } as never, { clock }),
  ],
  [
    'MysqlStoresOptions',
    'openMysqlStores.clock',
    (clock) => openMysqlStores({ getConnection: () => undefined } as never, { clock }),
  ],
  [
    'RedisStoresOptions',
    'openRedisStores.clock',
    (clock) => openRedisStores({ sendCommand: () => undefined } as never, { clock }),
  ],
]

describe('a clock', () => {
  it.each(clocks)('of %s is refused by name if it does not return seconds: %s (R3)', async (_, path, call) => {
    const refusal = async (clock: unknown): Promise<unknown> => {
      try {
        return await call(clock as never)
      } catch (error) {
        return error
      }
    }
    for (const [clock, told] of [
      [5, 'is a number; must be a function'],
      [
        () => 1_800_000_000_000,
        'returns 1800000000000; must be a function that returns whole seconds since the epoch. Write () => Math.floor(Date.now() / 1000).',
      ],
      [() => 1.5, 'returns 1.5; must be'],
    ] as const) {
      const error = await refusal(clock)
      expect(error).toBeInstanceOf(ConfigurationError)
      expect((error as ConfigurationError).message).toContain(`${path}: ${told}`)
      expect((error as ConfigurationError).option).toBe(path)
    }
  })

  it('is tried of every interface in lib/ that has an optional one', () => {
    const withClock = [...interfaces].filter(
      ([name, { members }]) => name.endsWith('Options') && members.includes('clock'),
    )
    const own = withClock
      .map(([name]) => name)
      .filter((name) => name !== 'KnownSigningKeysOptions' && name !== 'SchemaOptions')
    expect(own.sort()).toEqual([...new Set(clocks.map(([name]) => name))].sort())
  })
})

describe('a whole number', () => {
  const numbers = descriptions.flatMap(({ name, kinds }) =>
    Object.entries(kinds).flatMap(([option, kind]) =>
      kind.bounds === undefined ? [] : [[`${name}.${option}`, kind, kind.bounds] as const],
    ),
  )

  it.each(numbers)('is refused if it is not one, or out of bounds: %s', (path, kind, [from, to]) => {
    expect(() => kind.check(path, from)).not.toThrow()
    expect(() => kind.check(path, to)).not.toThrow()
    for (const wrong of [from + 0.5, String(from), NaN, null, Infinity, -1, from - 1, to + 1, true, {}, [from]]) {
      expect(() => kind.check(path, wrong)).toThrow(
        expect.objectContaining({ name: 'ConfigurationError', option: path }),
      )
    }
  })

  it('is the kind of every option that is named after a unit', () => {
    const others = descriptions.flatMap(({ name, kinds }) =>
      Object.entries(kinds)
        .filter(
          ([option, { bounds }]) => /(?:Seconds|Milliseconds|Octets|PerDay)$/.test(option) && bounds === undefined,
        )
        .map(([option]) => `${name}.${option}`),
    )
    expect(numbers.length).toBeGreaterThan(40)
    expect(others).toEqual([])
  })
})
