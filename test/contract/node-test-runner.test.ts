import type { TestRunner } from 'latchkey/testing'
import { spawnSync } from 'node:child_process'
import * as nodeTest from 'node:test'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { compileStores } from './processes/compile-stores.js'

it('the contracts run under node:test, too', () => {
  const { describe: nodeDescribe, it: nodeIt } = nodeTest
  const runner: TestRunner = { describe: nodeDescribe, it: nodeIt }
  expect(runner).toBeDefined()

  const compiled = compileStores()
  const script = fileURLToPath(new URL('processes/node-test.mjs', import.meta.url))
  const env = { ...process.env, TESTING: compiled.testing, MEMORY: compiled.memory }
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap', script], {
    env,
    encoding: 'utf8',
  })
  compiled.remove()
  expect(stdout).toMatch(/^# tests [1-9]\d*$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
  expect(stdout).toMatch(/is still there after a restart # SKIP create returns no reopen$/m)
  expect(status).toBe(0)
})
