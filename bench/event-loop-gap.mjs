// How long the event loop stands still while passwords are verified: 20 at the same time, bcrypt cost 10.
//
//   node bench/event-loop-gap.mjs           latchkey's hasher, in worker threads
//   node bench/event-loop-gap.mjs main      bcryptjs on the main thread, for comparison
//   node bench/event-loop-gap.mjs both      one after the other
//
// Needs a build (npm run build). The time includes starting the threads.
import { availableParallelism } from 'node:os'

import bcrypt from 'bcryptjs'
import { bcryptHasher } from 'latchkey'

const password = 'correct horse battery staple'
const verifications = 20
const cost = 10

const mode = process.argv[2] ?? 'workers'
if (!['workers', 'main', 'both'].includes(mode)) {
  console.error(`unknown mode ${mode}: use workers, main or both`)
  process.exit(2)
}

const passwordHash = bcrypt.hashSync(password, cost)

if (mode !== 'main') {
  const hasher = bcryptHasher({ cost })
  await report('worker threads', () => hasher.verify(password, passwordHash))
  await hasher.close()
}
if (mode !== 'workers') await report('main thread', () => bcrypt.compare(password, passwordHash))

/** Runs all verifications at once beside a ticking timer, and prints what came of it. */
async function report(where, verify) {
  const { gap, total } = await measure(verify)
  console.log(`bcrypt cost ${cost}, ${verifications} at once, ${where}, ${availableParallelism()} processors`)
  console.log(`total:           ${total.toFixed(0)} ms`)
  console.log(`verifications/s: ${((verifications * 1000) / total).toFixed(1)}`)
  console.log(`worst gap: ${gap.toFixed(0)} ms (aim: under 50 ms)\n`)
}

async function measure(verify) {
  let last = performance.now()
  let gap = 0
  const tick = () => {
    const now = performance.now()
    gap = Math.max(gap, now - last)
    last = now
  }
  const timer = setInterval(tick, 1)

  const start = performance.now()
  const answers = await Promise.all(Array.from({ length: verifications }, verify))
  const total = performance.now() - start

  // The last gap ends here, not at the last tick: a loop that never turned had no tick at all.
  tick()
  clearInterval(timer)
  if (answers.includes(false)) throw new Error('a right password was refused')
  return { gap, total }
}
