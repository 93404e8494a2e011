import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabaseFile } from '../../../../lib/stores/sqlite/open-database-file.js'

type Driver = NonNullable<Parameters<typeof openDatabaseFile>[1]>

const folder = mkdtempSync(join(tmpdir(), 'latchkey-driver-'))
let withoutBinding: Driver

beforeAll(() => {
  const require = createRequire(import.meta.url)
  for (const name of ['better-sqlite3', 'bindings', 'file-uri-to-path']) {
    const from = dirname(require.resolve(`${name}/package.json`))
    const isKept = (path: string): boolean => !/better-sqlite3[\\/](?:build|deps|src|prebuilds)/.test(path)
    cpSync(from, join(folder, 'node_modules', name), { recursive: true, filter: isKept })
  }
  withoutBinding = createRequire(join(folder, 'app.cjs'))('better-sqlite3') as Driver
})
afterAll(() => rmSync(folder, { recursive: true }))

const rebuild = 'Run `npm rebuild better-sqlite3`, with install scripts allowed, or use Node 22.13 or later.'
const binding = `database: better-sqlite3 is installed, but its native binding is missing or was built for another Node. ${rebuild}`

it('a package without its native binding is distinguished from a missing folder (A6)', () => {
  expect(() => openDatabaseFile(join(folder, 'tokens.db'), withoutBinding)).toThrow(binding)
  expect(() => openDatabaseFile(':memory:', withoutBinding)).toThrow(binding)
})

it('a binding for another Node has the same remedy (A6)', () => {
  const ofAnotherNode = function (): never {
    throw Object.assign(new Error('was compiled against a different Node.js version'), { code: 'ERR_DLOPEN_FAILED' })
  }
  expect(() => openDatabaseFile(':memory:', ofAnotherNode as unknown as Driver)).toThrow(binding)
})

it.each<[string, () => string, (file: string) => string]>([
  ['a folder', () => folder, (file) => `database: ${file} is a folder. Name a file in it, such as tokens.db.`],
  [
    'a file in a folder that is missing',
    () => join(folder, 'missing', 'tokens.db'),
    (file) => `database: ${file} cannot be opened: its folder does not exist. Make it: mkdir -p ${dirname(file)}.`,
  ],
  [
    'a file in a file',
    () => {
      writeFileSync(join(folder, 'notes'), '')
      return join(folder, 'notes', 'tokens.db')
    },
    (file) => `database: ${file} cannot be opened: ${dirname(file)} is not a folder. Name a file in a folder.`,
  ],
  [
    'no name',
    () => '',
    () => 'database: is an empty string. Give it the name of a file; if it comes from the environment, set that.',
  ],
])('%s is reported as such (A6)', (_what, fileOf, message) => {
  const file = fileOf()
  expect(() => openDatabaseFile(file)).toThrow(expect.objectContaining({ message: message(file) }))
})
