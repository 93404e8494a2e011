// Sign-ins by password, eight at a time without pause: how many a second, and how long another route takes meanwhile. Nothing is kept
// on one processor here, because hashing can use all.
import { Child } from './child.mjs'
import { attempt, check } from './attempt.mjs'
import { passed, progress } from './progress.mjs'
import { startServer } from './server.mjs'
import { quantile, spread } from './statistics.mjs'
import { verify } from './verify.mjs'

const workload = { name: 'logins', traffic: 'login', cost: 10 }
const atOnce = 8

export const loginServers = [
  'hash-alone',
  'hash-alone-native',
  'latchkey',
  'latchkey-native',
  'node-oauth',
  'oauth2orize',
  'jmondi',
]

export const secondsOfLogins = (names, { stormRounds, stormSeconds }) =>
  names.length * (3 + stormRounds * (stormSeconds + 0.7))

export async function measureLogins(names, { effort, ...context }) {
  const { stormRounds, stormSeconds } = effort
  const failures = []
  const started = []
  const generator = new Child('generate.mjs')
  try {
    for (const name of names) {
      progress(`logins: starting ${name}`)
      await attempt(failures, name, async () => {
        const child = await startServer(name, workload, { ...context, isPinned: false })
        const server = { name, child, storms: [], idle: [] }
        started.push(server)
        await verify(child.port, workload, { name, keys: context.keys })
        await generator.ask({ command: 'open', server: name, port: child.port, connections: atOnce + 1, workload })
        await storm(server, 0, 1)
        await storm(server, atOnce, 0.5)
        server.ready = true
      })
      passed(3)
    }
    for (let round = 0; round < stormRounds; round += 1) {
      const inOrder = started.filter(({ ready }) => ready)
      for (const server of round % 2 === 0 ? inOrder : inOrder.toReversed()) {
        progress(`logins: ${server.name}, round ${round + 1} of ${stormRounds}`)
        server.ready = await attempt(failures, server.name, async () => {
          server.idle[round] = await storm(server, 0, 0.5)
          server.storms[round] = await storm(server, atOnce, stormSeconds)
        })
        passed(stormSeconds + 0.7)
      }
    }
  } finally {
    for (const { child } of started) await child.stop()
    await generator.stop()
  }
  return { cells: cellsOf(started.filter(({ ready }) => ready)), failures }

  async function storm({ name }, logins, seconds) {
    const result = await generator.ask({ command: 'storm', server: name, logins, milliseconds: seconds * 1000 })
    check(result)
    return result
  }
}

function cellsOf(measured) {
  const hashAlone = (name) =>
    measured.find((server) => server.name === (name.endsWith('-native') ? 'hash-alone-native' : 'hash-alone'))
  return measured.map(({ name, child, storms, idle }) => ({
    server: name,
    title: child.title,
    perSecond: spread(storms.map(({ perSecond }) => perSecond)),
    /** Of what hashing alone allows, with the same package. */
    ratio:
      hashAlone(name) && spread(storms.map((one, round) => one.perSecond / hashAlone(name).storms[round].perSecond)),
    idle: latency(idle),
    meanwhile: latency(storms),
  }))
}

function latency(samples) {
  const sorted = samples.flatMap(({ latencies }) => latencies).sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), worst: sorted.at(-1), requests: sorted.length }
}
