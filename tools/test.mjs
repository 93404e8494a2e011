// Runs all tests, then holds their result against the conformance checklist; the last line is the plain `N passed, N failed`.
// With arguments it is vitest alone, for the files that they name: a part of the tests proves nothing about the checklist.
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
const conformance = fileURLToPath(new URL('conformance.mjs', import.meta.url))
const filters = process.argv.slice(2)

// A run that dies early must not be judged by the results of the one before.
await rm(new URL('../.test-results', import.meta.url), { recursive: true, force: true })
const exitCodes = [runNode(vitest, 'run', ...filters)]
if (filters.length === 0) exitCodes.push(runNode(conformance))
if (exitCodes.some((exitCode) => exitCode !== 0)) process.exitCode = 1

function runNode(...command) {
  return spawnSync(process.execPath, command, { stdio: 'inherit' }).status
}
