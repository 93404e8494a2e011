// One workload, all its servers: each is started, verified and warmed up; then they are measured in rounds, every second round in the
// opposite order, so that what drifts meets all alike.
import { passed, progress, note } from './progress.mjs'
import { startServer } from './server.mjs'
import { spread } from './statistics.mjs'
import { verify } from './verify.mjs'

export function secondsOf(workload, names, { rounds, sampleSeconds, warmUpSeconds }) {
  return names.length * (1 + warmUpSeconds + rounds * (sampleSeconds + 0.05))
}

export async function measureThroughput(workload, names, context) {
  const { generator, effort } = context
  const started = []
  const failures = []
  const { rounds, sampleSeconds, warmUpSeconds } = effort
  try {
    for (const name of names) {
      progress(`${workload.name}: starting ${name}`)
      await attempt(failures, name, async () => {
        const server = { name, child: await startServer(name, workload, context), samples: [] }
        started.push(server)
        await verify(server.child.port, workload, { name, keys: context.keys, seeds: server.child.seeds })
        const { connections = 48 } = workload
        const open = { server: name, port: server.child.port, connections, workload, keys: context.keys }
        await generator.ask({ command: 'open', ...open, seeds: server.child.seeds })
        progress(`${workload.name}: warming up ${name}`)
        check(await sample(generator, server, workload, warmUpSeconds))
        server.ready = true
      })
      passed(1 + warmUpSeconds)
    }
    for (let round = 0; round < rounds; round += 1) {
      const inOrder = started.filter(({ ready }) => ready)
      for (const server of round % 2 === 0 ? inOrder : inOrder.toReversed()) {
        progress(`${workload.name}: ${server.name}, round ${round + 1} of ${rounds}`)
        await attempt(failures, server.name, async () => {
          server.samples[round] = await sample(generator, server, workload, sampleSeconds)
          check(server.samples[round])
        })
        if (failures.some(({ server: failed }) => failed === server.name)) server.ready = false
        passed(sampleSeconds + 0.05)
      }
    }
  } finally {
    for (const { name, child } of started) {
      await generator.ask({ command: 'close', server: name })
      await child.stop()
    }
  }
  const measured = started.filter(({ ready }) => ready)
  return { cells: cellsOf(measured), failures }
}

async function attempt(failures, server, action) {
  try {
    await action()
  } catch (error) {
    failures.push({ server, error: error.message })
    note(`FAILED ${server}: ${error.message}`)
  }
}

async function sample(generator, { name, child }, workload, seconds) {
  const amount =
    workload.requestsPerSecond === undefined
      ? { milliseconds: seconds * 1000 }
      : { requests: Math.round(workload.requestsPerSecond * seconds) }
  await generator.ask({ command: 'ready', server: name, requests: amount.requests })
  const before = await child.ask({ ask: 'cpu' })
  const result = await generator.ask({ command: 'sample', server: name, ...amount })
  const after = await child.ask({ ask: 'cpu' })
  const cpu = after.user + after.system - before.user - before.system
  return { ...result, cpu: cpu / result.requests }
}

function check({ unexpected }) {
  if (Object.keys(unexpected).length > 0) throw new Error(`unexpected answers: ${JSON.stringify(unexpected)}`)
}

/** Ratios are made of the two samples of one round. */
function cellsOf(measured) {
  const bare = measured.find(({ name }) => name === 'bare') ?? measured[0]
  return measured.map(({ name, child, samples }) => ({
    server: name,
    title: child.title,
    perSecond: spread(samples.map(({ perSecond }) => perSecond)),
    cpuMicroseconds: spread(samples.map(({ cpu }) => cpu)),
    ratio: spread(samples.map(({ perSecond }, round) => perSecond / bare.samples[round].perSecond)),
    cpuRatio: spread(samples.map(({ cpu }, round) => bare.samples[round].cpu / cpu)),
  }))
}
