// Measures latchkey beside a bare Express route and beside other packages, each server in a process of its own.
//
//   npm run bench                              everything, 20 to 35 minutes; writes bench/results, its charts and docs/performance.md
//   npm run bench -- --quick                   less than 5 minutes, for a first look, without variants and stores; writes nothing
//   npm run bench -- --node 24                 servers on another Node.js: a path, or 24 for the one in bench/peers
//
//   --list                                     the names of what can be measured
//   --only client-credentials,guard-jwt-es256  these only
//   --servers bare,latchkey                    these servers only; without `bare`, ratios are to the first one
//   --rounds 6 --seconds 0.5                   so many rounds, of samples so long
//   --save                                     with --only: puts these figures in the place of those that were written before
//   --json <file>                              writes the figures to a file
//   --cpu-prof <folder>                        writes a profile of each server
//
// Needs a build (npm run build). Exit code 1: something could not be measured.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createKeys } from './fixtures.mjs'
import { canPin, Child } from './harness/child.mjs'
import { environmentOf } from './harness/environment.mjs'
import { installPeers, nodeBinary } from './harness/peers.mjs'
import { note, plan } from './harness/progress.mjs'
import { effort, flags, listOf } from './options.mjs'
import { printSection } from './report/print.mjs'
import { writeReport } from './report/write.mjs'
import { sectionsOf } from './sections.mjs'

const sections = sectionsOf(effort, (name) => listOf(flags.servers)?.includes(name) ?? true)
if (flags.list) {
  for (const { name, title, seconds } of sections) console.log(`${name.padEnd(28)}${title}, ${Math.round(seconds)} s`)
  process.exit()
}
const unknown = (listOf(flags.only) ?? []).filter((only) => !sections.some(({ name }) => name === only))
if (unknown.length > 0) {
  console.error(`no such workload: ${unknown.join(', ')}; --list names them`)
  process.exit(2)
}

/** For a first look the variants of a kind do not all matter; starting their servers takes most of the time. */
const notInQuick = ['rs256', 'hs256', 'eddsa', 'revocation', 'unseen', 'stores']
const isMeant = (name) =>
  listOf(flags.only)?.includes(name) ?? !(flags.quick && notInQuick.some((variant) => name.includes(variant)))
const chosen = sections.filter(({ name, ownNodeOnly }) => isMeant(name) && !(ownNodeOnly && flags.node))
const isWhole = !(flags.quick || flags.only || flags.servers || flags.rounds || flags.seconds)
const isSaved = isWhole || (flags.save === true && !flags.servers)
if (!canPin) note('There is no taskset, or one processor only: the system decides where server and generator run')
installPeers()
const node = nodeBinary(flags.node)
const context = {
  effort,
  node,
  keys: createKeys(),
  generator: new Child('generate.mjs').pin(1),
  nodeFlags: flags['cpu-prof'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags['cpu-prof']}`],
  storesFile: isSaved ? fileURLToPath(new URL('results/stores.json', import.meta.url)) : undefined,
}
const result = { ...environmentOf(node, effort), sections: {} }
const saved = new URL(`results/node-${result.node.split('.')[0]}.json`, import.meta.url)
const before = flags.only ? JSON.parse(await readFile(saved, 'utf8').catch(() => '{}')) : {}
plan(chosen.reduce((sum, { seconds }) => sum + seconds, 0))
for (const { name, title, seconds, run } of chosen) {
  const measured = await runInTime(run, seconds).catch((error) => {
    note(`FAILED ${name}: ${error.stack}`)
    return { cells: [], failures: [{ server: 'all', error: error.message }] }
  })
  result.sections[name] = { title, ...measured }
  if (measured.failures.length > 0) process.exitCode = 1
  printSection(name, result.sections[name])
  // After each one: what was measured stays, also when the run is ended.
  if (flags.json) await writeFile(flags.json, jsonOf(result))
  if (isSaved)
    await writeFile(saved, jsonOf({ ...before, ...result, sections: { ...before.sections, ...result.sections } }))
}
await context.generator.stop()
if (isSaved) await writeReport()

/** A quick run ends in time on a slow machine as well, and then tells what it left out. */
async function runInTime(run, seconds) {
  const left = flags.only ? Infinity : (effort.secondsAtMost ?? Infinity) - performance.now() / 1000
  if (left > seconds) return run(context)
  return {
    cells: [],
    failures: [{ server: 'all', error: `left out: ${Math.round(left)} s left, it takes ${Math.round(seconds)}` }],
  }
}

function jsonOf(value) {
  // Six digits are more than any figure here has a right to.
  return `${JSON.stringify(value, (key, one) => (typeof one === 'number' ? Number(one.toPrecision(6)) : one), 2)}\n`
}
