// Measures latchkey beside a bare Express route and beside other packages, each in a process of its own.
//
//   npm run bench                              everything; about 20 minutes
//   npm run bench -- --quick                   less than 5 minutes, for a first look
//
//   --only client-credentials,guard-jwt-es256  these workloads; --list names them all
//   --servers bare,latchkey                    these servers; ratios are to the first when bare is left out
//   --rounds 6 --seconds 0.5                   so many rounds, samples so long
//   --node 24                                  servers on that Node.js: a path, or 24 for the one of the peers
//   --cpu-prof <folder>                        a profile of each server, for a look into one
//
// Needs a build (npm run build).
import { parseArgs } from 'node:util'
import { createKeys } from './fixtures.mjs'
import { canPin, Child } from './harness/child.mjs'
import { note, plan } from './harness/progress.mjs'
import { measureThroughput, secondsOf } from './harness/throughput.mjs'
import { workloads } from './workloads.mjs'

const text = { type: 'string' }
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    list: { type: 'boolean' },
    ...{ only: text, servers: text, rounds: text, seconds: text, node: text, 'cpu-prof': text },
  },
})
if (flags.list) {
  for (const { name, title, servers } of workloads) console.log(`${name.padEnd(24)}${title}: ${servers.join(', ')}`)
  process.exit()
}
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 8))
const sampleSeconds = Number(flags.seconds ?? (flags.quick ? 0.3 : 0.7))
const effort = { rounds, sampleSeconds, warmUpSeconds: flags.quick ? 0.5 : 1 }
const chosen = workloads.filter(({ name }) => flags.only === undefined || flags.only.split(',').includes(name))
const serversOf = ({ servers }) =>
  servers.filter((name) => flags.servers === undefined || flags.servers.split(',').includes(name))

if (!canPin) note('taskset is not here, or there is one processor: server and generator move about')
const generator = new Child('generate.mjs', { core: 1 })
const nodeFlags = flags['cpu-prof'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags['cpu-prof']}`]
const context = { generator, effort, keys: createKeys(), node: flags.node, nodeFlags }
plan(chosen.reduce((sum, workload) => sum + secondsOf(workload, serversOf(workload), effort), 0))
for (const workload of chosen) {
  const { cells, failures } = await measureThroughput(workload, serversOf(workload), context)
  console.log(`\n${workload.title}`)
  console.table(
    cells.map(({ title, perSecond, ratio, cpuMicroseconds, cpuRatio }) => ({
      server: title,
      'requests/s': Math.round(perSecond.median),
      ratio: ratio.median.toFixed(2),
      spread: `${ratio.from.toFixed(2)} to ${ratio.to.toFixed(2)}`,
      'CPU µs': cpuMicroseconds.median.toFixed(1),
      'by CPU': cpuRatio.median.toFixed(2),
    })),
  )
  if (failures.length > 0) process.exitCode = 1
}
await generator.stop()
