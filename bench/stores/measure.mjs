import { deepStrictEqual, equal } from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Workload } from './operations.mjs'

// Garbage of one half must not be collected at the cost of the other one.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const mostInSample = 5000
const callsToWarmUp = 2500

/**
 * Measures an operation of a store against its bare driver: rounds of short samples, each round store, bare, bare, store, so that
 * both halves have the same share of whatever else the machine does.
 *
 * A subject has two `halves`, `store` and `bare`. A half `prepare`s inputs before the clock runs, and then has a function for each
 * operation. `lanes` is how many operations are under way at once; with 1 they answer without promises.
 */
export async function measure(subject, operation, { rounds, sampleMilliseconds }) {
  const workloads = { store: new Workload(), bare: new Workload() }
  const sample = (half, count) => takeSample(subject, half, workloads[half], operation, count)
  const seed = async () => {
    await subject.fresh?.()
    await storeSeeds(subject, workloads)
  }

  await seed()
  await requireSameWork(subject, workloads, operation)
  const count = await findCount((size) => sample('bare', size), sampleMilliseconds)
  // As warm as in a server that has run for a while: V8 compiles in earnest what was called some thousand times.
  for (const half of ['store', 'bare']) await sample(half, callsToWarmUp)

  const taken = { store: [], bare: [] }
  const ratios = []
  const cpuRatios = []
  for (let round = 0; round < rounds; round++) {
    if (subject.fresh) await seed()
    const ofRound = { store: [], bare: [] }
    for (const half of ['store', 'bare', 'bare', 'store']) ofRound[half].push(await sample(half, count))
    const total = (half, what) => ofRound[half].reduce((sum, one) => sum + one[what], 0)
    ratios.push(total('bare', 'milliseconds') / total('store', 'milliseconds'))
    cpuRatios.push(total('bare', 'cpu') / total('store', 'cpu'))
    for (const half of ['store', 'bare']) taken[half].push(...ofRound[half])
  }
  const summarize = (half) => ({
    perSecond: median(taken[half].map(({ milliseconds }) => (count * 1000) / milliseconds)),
    cpuMicroseconds: median(taken[half].map(({ cpu }) => cpu / count)),
  })
  const fast = (half, what) =>
    quantile(
      taken[half].map((one) => one[what]),
      0.1,
    )
  return {
    ...{ store: subject.name, operation, lanes: subject.lanes, rounds, operationsPerSample: count },
    ...{ through: summarize('store'), bare: summarize('bare') },
    ...{ ratio: spread(ratios), cpuRatio: spread(cpuRatios) },
    // Of the fastest tenth of the samples: those that nothing else disturbed, on a machine that is not quiet.
    fastRatio: fast('bare', 'milliseconds') / fast('store', 'milliseconds'),
    fastCpuMicroseconds: { through: fast('store', 'cpu') / count, bare: fast('bare', 'cpu') / count },
    roundTrips: await countRoundTrips(subject, workloads.store, operation),
  }
}

async function storeSeeds(subject, workloads) {
  for (const [half, workload] of Object.entries(workloads)) {
    const calls = subject.halves[half]
    const inputs = workload.seed()
    await run(subject.lanes, calls['sign-in'], await calls.prepare('sign-in', inputs))
  }
}

async function takeSample(subject, half, workload, operation, count) {
  const calls = subject.halves[half]
  const inputs = await calls.prepare(operation, workload.inputs(operation, count))
  collectGarbage()
  const cpu = process.cpuUsage()
  const start = performance.now()
  await run(subject.lanes, calls[operation], inputs)
  const milliseconds = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { milliseconds, cpu: user + system }
}

/** Does an operation for all inputs, in so many lanes at once. */
async function run(lanes, call, inputs) {
  if (lanes === 1) {
    for (const input of inputs) call(input)
    return
  }
  let next = 0
  const lane = async () => {
    while (next < inputs.length) await call(inputs[next++])
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** How many operations fill a sample. */
async function findCount(sample, wantedMilliseconds) {
  for (let count = 64; ; count *= 2) {
    const { milliseconds } = await sample(count)
    if (milliseconds < wantedMilliseconds / 4 && count < mostInSample) continue
    return Math.min(mostInSample, Math.max(16, Math.round((count * wantedMilliseconds) / milliseconds)))
  }
}

/** Both halves store what they are given, and answer records of the same shape: otherwise there is nothing to compare. */
async function requireSameWork(subject, workloads, operation) {
  const shapes = []
  for (const half of ['store', 'bare']) {
    const calls = subject.halves[half]
    const perform = async (name, input) => calls[name]((await calls.prepare(name, [input]))[0])
    const [input] = workloads[half].inputs(operation, 1)
    const answer = await perform(operation, input)
    const hash = operation === 'verify' ? input : input.accessToken.tokenHash
    equal((await perform('verify', hash))?.tokenHash, hash)
    if (operation === 'verify') equal(answer.tokenHash, input)
    if (operation === 'refresh') equal(answer.tokenHash, input.presented)
    shapes.push(shapeOf(answer))
  }
  if (operation === 'verify' || operation === 'refresh') deepStrictEqual(shapes[1], shapes[0])
}

function shapeOf(record) {
  if (record === null || typeof record !== 'object') return typeof record
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, shapeOf(value)]))
}

/** What one operation sends, as the server or the driver counts it; absent where nothing is sent. */
async function countRoundTrips(subject, workload, operation) {
  const times = 20
  const inputs = workload.inputs(operation, times)
  const sent = await subject.countSent?.(() => run(subject.lanes, subject.halves.store[operation], inputs))
  return sent === undefined ? undefined : sent / times
}

function median(values) {
  return quantile(values, 0.5)
}

/** The middle, and between what the middle half of the rounds lies. */
function spread(values) {
  return { median: median(values), from: quantile(values, 0.25), to: quantile(values, 0.75) }
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return below + (above - below) * (place - Math.floor(place))
}
