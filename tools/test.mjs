// Runs all tests, then holds their result against the conformance checklist; the last line is the plain `N passed, N failed`.
// With names of files it is vitest alone, for these: a part of the tests proves nothing about the checklist.
//
// --long      the tests of test/long instead, which need many requests or a random seed
// --slowest   prints the twenty slowest files and tests, too
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { printSlowest } from './slowest.mjs'

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
const conformance = fileURLToPath(new URL('conformance.mjs', import.meta.url))
const given = process.argv.slice(2)
const isLong = given.includes('--long')
const filters = given.filter((argument) => !['--long', '--slowest'].includes(argument))
const results = fileURLToPath(new URL(`../.test-results/${isLong ? 'long' : 'vitest'}.json`, import.meta.url))

// A run that dies early must not be judged by the results of the one before.
await rm(results, { force: true })
const project = isLong ? 'long' : '!long'
const exitCodes = [runNode(vitest, 'run', '--project', project, '--outputFile.json', results, ...filters)]
if (isLong || given.includes('--slowest')) await printSlowest(results)
if (!isLong && filters.length === 0) exitCodes.push(runNode(conformance))
if (exitCodes.some((exitCode) => exitCode !== 0)) process.exitCode = 1

function runNode(...command) {
  return spawnSync(process.execPath, command, { stdio: 'inherit' }).status
}
