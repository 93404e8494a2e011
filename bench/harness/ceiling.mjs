// How many requests a second the load generator can send: to a socket that parses nothing, which is faster than any server here.
import { attempt, check } from './attempt.mjs'
import { passed, progress } from './progress.mjs'
import { startServer } from './server.mjs'

const workload = { name: 'generator', traffic: 'clientCredentials' }

export async function measureCeiling(context) {
  const { generator } = context
  const [failures, cells] = [[], []]
  let child
  await attempt(failures, 'raw', async () => {
    progress('generator: what it can do')
    child = await startServer('raw', workload, context)
    await generator.ask({ command: 'open', server: 'raw', port: child.port, connections: 48, workload })
    for (const milliseconds of [300, 1000]) {
      const result = await generator.ask({ command: 'sample', server: 'raw', milliseconds })
      check(result)
      cells.push({ server: 'raw', title: child.title, perSecond: result.perSecond })
    }
  })
  await generator.ask({ command: 'close', server: 'raw' })
  await child?.stop()
  passed(2)
  return { cells: cells.slice(-1), failures }
}
