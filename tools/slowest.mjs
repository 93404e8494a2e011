// Prints the twenty slowest files and tests of the last run: node tools/slowest.mjs [the file with its results]
import { readFile } from 'node:fs/promises'

/** Prints the slowest files and tests of a result that vitest's JSON reporter wrote. */
export async function printSlowest(file, count = 20) {
  const { testResults } = JSON.parse(await readFile(file, 'utf8'))
  const folder = /^.*?\/(?=test\/)/
  const files = testResults.map(({ name, startTime, endTime, assertionResults }) => ({
    seconds: (endTime - startTime) / 1000,
    name: `${name.replace(folder, '')} (${assertionResults.length} tests)`,
  }))
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ duration, fullName }) => ({
      seconds: (duration ?? 0) / 1000,
      name: `${name.replace(folder, '')}: ${fullName}`,
    })),
  )
  for (const [what, rows] of Object.entries({ files, tests })) {
    console.log(`The slowest ${what}, in seconds`)
    for (const { seconds, name } of rows.sort((one, other) => other.seconds - one.seconds).slice(0, count)) {
      console.log(`${seconds.toFixed(1).padStart(7)}  ${name.slice(0, 140)}`)
    }
    console.log()
  }
}
