// What can be measured, in the order in which it is; `seconds` tells about how long it takes, `run` gives `{ cells, failures }`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { measureCeiling } from './harness/ceiling.mjs'
import { loginServers, measureLogins, secondsOfLogins } from './harness/logins.mjs'
import { measureMemory, memoryRuns, secondsOfMemory } from './harness/memory.mjs'
import { passed, progress } from './harness/progress.mjs'
import { measureStartup, secondsOfStartup } from './harness/startup.mjs'
import { measureThroughput, secondsOf } from './harness/throughput.mjs'
import { workloads } from './workloads.mjs'

/** `isChosen(server)`: whether a server is wanted. */
export function sectionsOf(effort, isChosen) {
  const throughput = workloads.map((workload) => {
    const names = workload.servers.filter(isChosen)
    return {
      name: workload.name,
      title: workload.title,
      seconds: secondsOf(names, effort),
      run: (context) => measureThroughput(workload, names, context),
    }
  })
  const logins = loginServers.filter(isChosen)
  const runs = memoryRuns(effort).filter(({ server }) => isChosen(server))
  return [
    { name: 'generator', title: 'The load generator itself', seconds: 2, run: measureCeiling },
    ...throughput,
    {
      name: 'logins',
      title: 'Sign-ins by password, and another route meanwhile',
      seconds: secondsOfLogins(logins, effort),
      run: (context) => measureLogins(logins, context),
    },
    {
      name: 'memory',
      title: 'Memory',
      seconds: secondsOfMemory(runs),
      run: (context) => measureMemory(runs, context),
    },
    { name: 'startup', title: 'Start-up', seconds: secondsOfStartup(effort), run: measureStartup },
    { name: 'stores', title: 'Stores', seconds: effort.isQuick ? 40 : 130, run: measureStores, ownNodeOnly: true },
  ]
}

/** `stores.mjs` has a table, and a file of figures, of its own. */
async function measureStores({ effort, storesFile }) {
  progress('stores: each beside its bare driver')
  const script = fileURLToPath(new URL('stores.mjs', import.meta.url))
  const flags = [...(effort.isQuick ? ['--quick'] : []), ...(storesFile ? ['--json', storesFile] : [])]
  const [status] = await once(spawn(process.execPath, [script, ...flags], { stdio: 'inherit' }), 'exit')
  passed(effort.isQuick ? 40 : 130)
  return { cells: [], failures: status === 0 ? [] : [{ server: 'stores.mjs', error: `ended with ${status}` }] }
}
