// Compares the last test run with test/conformance/checklist.json and prints a report. Every rule there is proved by a passed test
// that has its id in parentheses at the end of its title, or has a written reason why it is not proved.
// --write also writes docs/conformance.md, --check fails if that page is not current.
import { readFile, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const pagePath = new URL('../docs/conformance.md', import.meta.url)

const { sections } = await readJson('../test/conformance/checklist.json', 'The checklist')
const run = await readJson('../.test-results/vitest.json', 'The result of the last test run (npm test writes it)')

const tests = testsById(run)
const judged = sections.map((section) => judge(section))
const breaches = findBreaches(judged)
const page = pageOf(judged)

if (process.argv.includes('--write')) await writeFile(pagePath, page)
const isCurrent = (await readFile(pagePath, 'utf8').catch(() => '')) === page
const stale = 'docs/conformance.md is not current: run npm test, then npm run conformance -- --write'
if (!isCurrent && process.argv.includes('--check')) breaches.push(stale)
console.log(reportOf(judged, breaches))
if (!isCurrent) console.log(stale)
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

/** Returns the path of a test in this checkout. Results of another checkout say nothing about this one. */
function fileOf(name) {
  const file = relative(root, name)
  if (!file.startsWith('..')) return file
  console.error('The test results are those of another checkout: run npm test here')
  process.exit(1)
}

/** Returns the tests of each id, sorted by file and title. */
function testsById({ testResults }) {
  const found = new Map()
  for (const { name, assertionResults } of testResults) {
    for (const { fullName, status } of assertionResults) {
      for (const id of idsIn(fullName)) {
        found.set(id, [...(found.get(id) ?? []), { file: fileOf(name), fullName, status }])
      }
    }
  }
  for (const carriers of found.values())
    carriers.sort((a, b) => compare(a.file, b.file) || compare(a.fullName, b.fullName))
  return found
}

/** Returns the ids in a title such as `refuses a repeated parameter (HTP-09, DEC-10)`. */
function idsIn(title) {
  const groups = title.matchAll(/\(([A-Z][A-Z0-9]{2}-\d{2,3}(?:, [A-Z][A-Z0-9]{2}-\d{2,3})*)\)/g)
  return new Set([...groups].flatMap(([, ids]) => ids.split(', ')))
}

function compare(a, b) {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function judge({ title, rules, informative = false }) {
  const proved = rules.filter(({ id }) => tests.get(id)?.some(({ status }) => status === 'passed'))
  const excused = rules.filter((rule) => rule.reason && !proved.includes(rule))
  const missing = rules.filter((rule) => !proved.includes(rule) && !excused.includes(rule))
  return { title, informative, rules, proved, excused, missing }
}

function findBreaches(areas) {
  const known = new Map(areas.flatMap(({ rules }) => rules.map((rule) => [rule.id, rule])))
  const found = []
  for (const { missing, informative } of areas) {
    if (informative) continue
    for (const { id, text } of missing) {
      found.push(`${id} has neither a reason nor a test that ${tests.has(id) ? 'passed' : 'carries it'}: ${text}`)
    }
  }
  for (const [id, [{ fullName }]] of tests) {
    if (!known.has(id)) found.push(`${id} is not in the checklist, but a test carries it: ${fullName}`)
    else if (known.get(id).reason) found.push(`${id} has a reason for not being proved, and a test: ${fullName}`)
  }
  return found
}

function reportOf(areas, failures) {
  const excused = areas.flatMap((area) => area.excused)
  return [
    totalsOf(areas),
    ...(excused.length > 0 ? ['', 'Not proved, with the reason:'] : []),
    ...excused.map(({ id, text, reason }) => `  ${id.padEnd(7)} ${text}\n          ${reason}`),
    '',
    failures.length === 0 ? 'Conformance holds.' : `Conformance FAILS (${failures.length}):`,
    ...failures.map((failure) => `  ${failure}`),
  ].join('\n')
}

function totalsOf(areas) {
  const sum = (column) => areas.reduce((total, area) => total + area[column].length, 0)
  return `${sum('rules')} rules: ${sum('proved')} proved by tests, ${sum('excused')} not proved for a reason, ${sum('missing')} missing.`
}

function pageOf(areas) {
  return [
    '# Conformance',
    '',
    '<!-- Written by `npm run conformance -- --write`. Edit test/conformance/checklist.json instead. -->',
    '',
    'What the specifications require, which file fulfils it, and one of the tests that prove it.',
    '',
    totalsOf(areas),
    '',
    '**Level**: MUST, SHOULD and MAY as in the source; *project* where the source leaves a choice that this project has made.',
    ...areas.flatMap(({ title, rules, proved }) => [
      '',
      `## ${title}`,
      '',
      `${proved.length} of ${rules.length} proved.`,
      '',
      '| Rule | What is required | Source | Fulfilled in | Proved by |',
      '| --- | --- | --- | --- | --- |',
      ...rules.map(
        (rule) =>
          `| ${[rule.id, rule.text, `${rule.source}, ${rule.level}`, filesOf(rule), proofOf(rule)].join(' | ')} |`,
      ),
    ]),
    '',
  ].join('\n')
}

function filesOf({ answeredBy }) {
  return answeredBy.map((file) => `\`${file}\``).join(' ') || '–'
}

function proofOf({ id, reason }) {
  const proof = tests.get(id)?.find(({ status }) => status === 'passed')
  if (proof === undefined) return reason ?? 'missing'
  const title = proof.fullName.replace(/ \([A-Z][A-Z0-9]{2}-\d[^)]*\)/g, '')
  return `\`${proof.file}\`: ${escaped(title.length > 100 ? `${title.slice(0, 99)}…` : title)}`
}

function escaped(text) {
  return text
    .replace(/[\x00-\x1f\x7f]/g, ' ')
    .replace(/[\\`*_{}[\]<>|&~]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Returns the line that a machine reads of a test run. A file that could not be run counts as a failure. */
function plainSummary({ testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests }) {
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some(hasFailed)).length
  const skipped = numPendingTests + numTodoTests
  const line = `${numPassedTests} passed, ${numFailedTests + broken} failed`
  return skipped === 0 ? line : `${line}, ${skipped} skipped`
}

function hasFailed({ status }) {
  return status === 'failed'
}
