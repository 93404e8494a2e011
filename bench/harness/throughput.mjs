// One workload, all its servers: each is started, verified and warmed up; then they are measured in rounds, every second round in the
// opposite order, so that what drifts meets all alike.
import { attempt, check } from './attempt.mjs'
import { passed, progress } from './progress.mjs'
import { startServer } from './server.mjs'
import { spread } from './statistics.mjs'
import { verify } from './verify.mjs'

const connections = 48

export function secondsOf(names, { rounds, sampleSeconds, warmUpSeconds }) {
  return names.length * (0.5 + warmUpSeconds + rounds * (sampleSeconds + 0.05))
}

export async function measureThroughput(workload, names, context) {
  const { generator, effort } = context
  const started = Array(names.length).fill(undefined)
  const failures = []
  const { rounds, sampleSeconds, warmUpSeconds } = effort
  try {
    progress(`${workload.name}: starting ${names.join(', ')}`)
    await Promise.all(
      names.map((name, index) =>
        attempt(failures, name, async () => {
          started[index] = { name, child: await startServer(name, workload, context), samples: [] }
        }),
      ),
    )
    for (const server of started) {
      if (server === undefined) continue
      progress(`${workload.name}: warming up ${server.name}`)
      server.ready = await attempt(failures, server.name, async () => {
        const { name, child } = server
        const { port, seeds } = child
        await verify(port, workload, { name, keys: context.keys, seeds })
        const session = { port, seeds, connections, workload, keys: context.keys }
        await generator.ask({ command: 'open', server: name, ...session })
        await warmUp(generator, server, workload, effort)
      })
      passed(0.5 + warmUpSeconds)
    }
    for (let round = 0; round < rounds; round += 1) {
      const inOrder = started.filter((server) => server?.ready)
      for (const server of round % 2 === 0 ? inOrder : inOrder.toReversed()) {
        progress(`${workload.name}: ${server.name}, round ${round + 1} of ${rounds}`)
        server.ready = await attempt(failures, server.name, async () => {
          server.samples[round] = await sample(generator, server, workload, sampleSeconds)
          check(server.samples[round])
        })
        passed(sampleSeconds + 0.05)
      }
    }
  } finally {
    for (const { name, child } of started.filter(Boolean)) {
      await generator.ask({ command: 'close', server: name })
      await child.stop()
    }
  }
  const measured = started.filter((server) => server?.ready)
  return { cells: cellsOf(measured), failures }
}

/** For a time, and until the code has run often enough to be compiled; on a busy machine not for ever. */
async function warmUp(generator, server, workload, { warmUpSeconds, warmUpRequests }) {
  for (let [requests, times] = [0, 0]; times === 0 || (requests < warmUpRequests && times < 4); times += 1) {
    const result = await sample(generator, server, workload, warmUpSeconds)
    check(result)
    requests += result.requests
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
  return { ...result, cpu: cpu / result.requests, share: cpu / 1e6 / result.seconds }
}

/** Ratios are made of the two samples of one round. */
function cellsOf(measured) {
  const bare = measured.find(({ name }) => name === 'bare') ?? measured[0]
  return measured.map(({ name, child, samples }) => ({
    server: name,
    title: child.title,
    perSecond: spread(samples.map(({ perSecond }) => perSecond)),
    cpuMicroseconds: spread(samples.map(({ cpu }) => cpu)),
    /** Of its processor: what is missing had somebody else, or nobody asked for it. */
    share: spread(samples.map(({ share }) => share)).median,
    ratio: spread(samples.map(({ perSecond }, round) => perSecond / bare.samples[round].perSecond)),
    cpuRatio: spread(samples.map(({ cpu }, round) => bare.samples[round].cpu / cpu)),
  }))
}
