import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findDrawers, findImportBreaches, findImportCycles, type ImportRules, type SourceTree } from './import-rules.js'

/** What the adapters of stores are made of. They know nothing of tokens, grants and HTTP. */
const belowStores = ['throttle', 'checks', 'request', 'crypto', 'protocol', 'time', 'errors']

const rules: ImportRules = {
  order: [
    ['index'],
    ['authorization-server', 'resource-server'],
    // The strategies judge a request with the same function as the guard.
    ['passport'],
    ['http'],
    ['endpoints', 'bearer'],
    // A grant says what the tokens are to be; it issues none.
    ['grants'],
    ['tokens'],
    ['client-auth'],
    ['clients'],
    ['jose'],
    ['stores', 'passwords'],
    // The throttles of the stores are made of it.
    ['throttle'],
    ['telemetry'],
    ['checks'],
    ['request'],
    ['protocol', 'crypto'],
    ['time'],
    ['errors'],
  ],
  confined: {
    'stores/memory': ['stores', ...belowStores],
    'stores/sql': ['stores', ...belowStores],
    'stores/sqlite': ['stores', 'stores/sql', ...belowStores],
    'stores/postgres': ['stores', 'stores/sql', ...belowStores],
    'stores/mysql': ['stores', 'stores/sql', ...belowStores],
    'stores/redis': ['stores', ...belowStores],
    'stores/migrations': ['stores/sql', 'stores/sqlite', 'stores/postgres', 'stores/mysql', 'checks', 'errors'],
    testing: ['stores', 'request', 'crypto', 'protocol', 'time', 'errors'],
    passwords: ['telemetry', 'checks', 'request', 'time', 'errors'],
    prometheus: ['telemetry', 'checks', 'errors'],
    opentelemetry: ['telemetry', 'checks', 'errors'],
  },
  packages: {
    express: ['http'],
    'express-serve-static-core': ['http'],
    passport: ['passport'],
    'passport-http': ['passport'],
    'passport-http-bearer': ['passport'],
    jsonwebtoken: ['jose'],
    bcryptjs: ['passwords'],
    'better-sqlite3': ['stores/sqlite'],
    'prom-client': ['prometheus'],
    '@opentelemetry/api': ['opentelemetry'],
  },
}

const lib = readTree(fileURLToPath(new URL('../../lib', import.meta.url)))

describe('lib/', () => {
  it('imports from layers below and from allowed packages only', () => {
    expect(lib.size).toBeGreaterThan(0)
    expect(findImportBreaches(lib, rules)).toEqual([])
  })

  it('has no circle of imports', () => {
    expect(findImportCycles(lib)).toEqual([])
  })

  it('refuses nothing without a reason: errors of our own are made by refusal() (A1)', () => {
    const made = [...lib].filter(([, text]) => /^(?! \*).*new OAuthError\(/m.test(text)).map(([file]) => file)
    expect(made).toEqual(['errors/refusal.ts'])
  })

  it('has no drawers: every file and folder is named after its concern', () => {
    expect(findDrawers(lib)).toEqual([])
  })
})

describe('example-app/', () => {
  it('has no circle of imports', () => {
    const example = readTree(fileURLToPath(new URL('../../example-app', import.meta.url)))
    const sources = new Map([...example].filter(([file]) => !file.startsWith('dist/')))
    expect(sources.has('shared-stores.ts')).toBe(true)
    expect(findImportCycles(sources)).toEqual([])
  })
})

describe('the import rules', () => {
  const sound: [string, string][] = [
    [
      'index.ts',
      `export { issueTokens } from './tokens/issue-tokens.js'\nexport type * from './stores/token-store.js'`,
    ],
    [
      'tokens/issue-tokens.ts',
      `import { createHash } from 'node:crypto'\nimport { signJwt } from '../jose/jwt.js'\nimport './lifetimes.js'`,
    ],
    ['jose/jwt.ts', `import jwt from 'jsonwebtoken'`],
    ['tokens/lifetimes.ts', `import type { TokenStore } from '../stores/token-store.js'`],
    ['stores/token-store.ts', `import { OAuthError } from '../errors/oauth-error.js'`],
    ['stores/memory/index.ts', `export type { TokenStore } from '../token-store.js'`],
    ['passwords/worker.cjs', `const bcrypt = require('bcryptjs')`],
    ['errors/oauth-error.ts', ''],
  ]

  it('find nothing in a sound tree', () => {
    expect(findImportBreaches(new Map(sound), rules)).toEqual([])
    expect(findImportCycles(new Map(sound))).toEqual([])
    expect(findDrawers(new Map(sound))).toEqual([])
  })

  it.each<{ planted: string; file: string; text: string; breach: string }>([
    {
      planted: 'an import upwards',
      file: 'errors/configuration-error.ts',
      text: `import type { TokenStore } from '../stores/token-store.js'`,
      breach: `errors/configuration-error.ts imports '../stores/token-store.js': stores stands above errors`,
    },
    {
      planted: 'a re-export upwards',
      file: 'errors/configuration-error.ts',
      text: `export * from '../tokens/lifetimes.js'`,
      breach: `errors/configuration-error.ts imports '../tokens/lifetimes.js': tokens stands above errors`,
    },
    {
      planted: 'a dynamic import upwards',
      file: 'protocol/scope.ts',
      text: `const later = () => import('../tokens/lifetimes.js')`,
      breach: `protocol/scope.ts imports '../tokens/lifetimes.js': tokens stands above protocol`,
    },
    {
      planted: 'an import of a type by its path upwards',
      file: 'protocol/scope.ts',
      text: `export type Store = import('../stores/token-store.js').TokenStore`,
      breach: `protocol/scope.ts imports '../stores/token-store.js': stores stands above protocol`,
    },
    {
      planted: 'an import between neighbours',
      file: 'stores/user-store.ts',
      text: `import '../passwords/worker.cjs'`,
      breach: `stores/user-store.ts imports '../passwords/worker.cjs': stores and passwords know nothing of each other`,
    },
    {
      planted: 'an adapter that knows the tokens',
      file: 'stores/sqlite/index.ts',
      text: `import '../../tokens/lifetimes.js'`,
      breach: `stores/sqlite/index.ts imports '../../tokens/lifetimes.js': stores/sqlite may import stores, stores/sql, throttle, checks, request, crypto, protocol, time, errors only`,
    },
    {
      planted: 'an adapter that builds on another one',
      file: 'stores/sqlite/index.ts',
      text: `import '../memory/index.js'`,
      breach: `stores/sqlite/index.ts imports '../memory/index.js': stores/sqlite may import stores, stores/sql, throttle, checks, request, crypto, protocol, time, errors only`,
    },
    {
      planted: 'a core that knows an adapter',
      file: 'authorization-server.ts',
      text: `import './stores/memory/index.js'`,
      breach: `authorization-server.ts imports './stores/memory/index.js': stores/memory is an entry point of its own, which no other layer imports`,
    },
    {
      planted: 'a package outside its folder',
      file: 'endpoints/token.ts',
      text: `import type { Request } from 'express'`,
      breach: `endpoints/token.ts imports 'express': only http may import this package`,
    },
    {
      planted: 'a package outside its folder, by require',
      file: 'tokens/worker.cjs',
      text: `const bcrypt = require('bcryptjs')`,
      breach: `tokens/worker.cjs imports 'bcryptjs': only passwords may import this package`,
    },
    {
      planted: 'a package that no rule names',
      file: 'jose/jwt.ts',
      text: `import { SignJWT } from '@example/jose/sign'`,
      breach: `jose/jwt.ts imports '@example/jose/sign': no rule allows this package`,
    },
    {
      planted: 'an import of nothing',
      file: 'jose/jwt.ts',
      text: `import './signing-keys.js'`,
      breach: `jose/jwt.ts imports './signing-keys.js': there is no such file`,
    },
    {
      planted: 'a folder without a place in the order',
      file: 'throttling/failures.ts',
      text: '',
      breach: 'throttling/failures.ts: no layer has this name',
    },
  ])('find $planted', ({ file, text, breach }) => {
    expect(findImportBreaches(new Map([...sound, [file, text]]), rules)).toEqual([breach])
  })

  it('find a circle, also one of types', () => {
    const circle: [string, string][] = [
      ['tokens/a.ts', `import './b.js'`],
      ['tokens/b.ts', `import type { C } from './c.js'`],
      ['tokens/c.ts', `export * from './a.js'`],
    ]
    expect(findImportCycles(new Map([...sound, ...circle]))).toEqual([
      'tokens/a.ts → tokens/b.ts → tokens/c.ts → tokens/a.ts',
    ])
  })

  it('find drawers', () => {
    const files = [
      'utils/x.ts',
      'types.ts',
      'tokens/helpers.ts',
      'tokens/common/x.ts',
      'misc.d.cts',
      'tokens/token-types.ts',
    ]
    expect(findDrawers(new Map(files.map((file) => [file, ''])))).toEqual(files.slice(0, -1))
  })
})

function readTree(folder: string): SourceTree {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.[cm]?[jt]s$/.test(file))
  return new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}
