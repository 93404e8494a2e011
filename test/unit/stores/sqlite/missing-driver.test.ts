import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { compileStores } from '../../../contract/processes/compile-stores.js'

const isBuiltIn = process.getBuiltinModule('node:sqlite') !== undefined

it.skipIf(isBuiltIn)('without node:sqlite and better-sqlite3 the error says what to install', () => {
  // Nothing is installed where temporary files are.
  const compiled = compileStores(tmpdir())
  const script = `import { openSqliteStores } from ${JSON.stringify(compiled.sqlite)}
    try { openSqliteStores(':memory:') } catch (error) { console.log(JSON.stringify([error.name, error.message, error.cause.code])) }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  })
  compiled.remove()
  expect(stderr).toBe('')
  const problem = `database: Node ${process.versions.node} has no node:sqlite, and better-sqlite3 cannot be loaded`
  const remedy = 'Run `npm install better-sqlite3@12`, or use Node 22.13 or later.'
  expect(JSON.parse(stdout)).toEqual(['ConfigurationError', `${problem}. ${remedy}`, 'MODULE_NOT_FOUND'])
})
