// Holds the last test run against test/conformance/checklist.json. Every rule there is proved by a passed test that carries
// its id in its name, or has a written reason why there is none. --list-missing names the rules that have neither.
import { readFile } from 'node:fs/promises'

// Names of algorithms and encodings that look like an id.
const NOT_IDS = new Set(['SHA-256', 'SHA-384', 'SHA-512', 'UTF-16'])

const { sections } = await readJson('../test/conformance/checklist.json', 'The checklist')
const run = await readJson('../.test-results/vitest.json', 'The result of the last test run (npm test writes it)')

const tests = testsById(run)
const judged = sections.map((section) => judge(section))
printTable(judged)
if (process.argv.includes('--list-missing')) printMissing(judged)

const breaches = findBreaches(judged)
for (const breach of breaches) console.log(`conformance: ${breach}`)
const sum = (column) => judged.reduce((total, row) => total + row[column].length, 0)
console.log(
  breaches.length === 0
    ? `Conformance holds: ${sum('rules')} rules, ${sum('proved')} proved by tests, ${sum('excused')} with a reason.`
    : `Conformance FAILS: ${breaches.length} breach(es).`,
)
console.log(plainSummary(run))
if (breaches.length > 0) process.exitCode = 1

async function readJson(path, what) {
  try {
    return JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8'))
  } catch (error) {
    console.error(`${what} cannot be read: ${error.message}`)
    process.exit(1)
  }
}

/** Which tests carry which id: id → the tests' results. */
function testsById({ testResults }) {
  const found = new Map()
  for (const { fullName, status } of testResults.flatMap((file) => file.assertionResults)) {
    for (const [id] of fullName.matchAll(/\b[A-Z][A-Z0-9]{2}-\d{2,3}\b/g)) {
      if (!NOT_IDS.has(id)) found.set(id, [...(found.get(id) ?? []), { fullName, status }])
    }
  }
  return found
}

function judge({ number, title, rules, informative = false }) {
  const proved = rules.filter(({ id }) => tests.get(id)?.some(({ status }) => status === 'passed'))
  const excused = rules.filter((rule) => rule.reason && !proved.includes(rule))
  const missing = rules.filter((rule) => !proved.includes(rule) && !excused.includes(rule))
  return { name: `${number} ${title}`, informative, rules, proved, excused, missing }
}

function findBreaches(rows) {
  const known = new Map(rows.flatMap(({ rules }) => rules.map((rule) => [rule.id, rule])))
  const found = []
  for (const { missing, informative, name } of rows) {
    if (missing.length > 0 && !informative) found.push(`${name}: neither test nor reason for ${idsOf(missing)}`)
  }
  for (const [id, [{ fullName }]] of tests) {
    if (!known.has(id)) found.push(`${id} is not in the checklist, but a test carries it: ${fullName}`)
    else if (known.get(id).reason) found.push(`${id} has a reason for having no test, and a test: ${fullName}`)
  }
  return found
}

function printTable(rows) {
  const width = Math.max(...rows.map(({ name }) => name.length))
  console.log(`${'Section'.padEnd(width)}  rules  proved  reason  missing`)
  for (const { name, rules, proved, excused, missing, informative } of rows) {
    const counts = `${cell(rules, 7)}${cell(proved, 8)}${cell(excused, 8)}${cell(missing, 9)}`
    const note = informative ? '  (informative)' : ''
    console.log(`${name.padEnd(width)}${counts}${note}`)
  }
  console.log()
}

function cell(rules, width) {
  return String(rules.length).padStart(width)
}

function printMissing(rows) {
  for (const { id, source, level } of rows.flatMap(({ missing }) => missing)) {
    const failed = tests.has(id) ? '  (its test did not pass)' : ''
    console.log(`${id.padEnd(8)}${level.padEnd(14)}${source}${failed}`)
  }
  console.log()
}

function idsOf(rules) {
  return rules.map(({ id }) => id).join(' ')
}

/** What a machine reads of a test run: alone on the last line. A file that could not be run counts as a failure. */
function plainSummary({ testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests }) {
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some(hasFailed)).length
  const skipped = numPendingTests + numTodoTests
  const line = `${numPassedTests} passed, ${numFailedTests + broken} failed`
  return skipped === 0 ? line : `${line}, ${skipped} skipped`
}

function hasFailed({ status }) {
  return status === 'failed'
}
