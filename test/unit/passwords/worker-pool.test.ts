import { AsyncLocalStorage } from 'node:async_hooks'
import { fileURLToPath } from 'node:url'

import { afterEach, describe, expect, it } from 'vitest'

import { StoreUnavailableError } from '../../../lib/errors/store-unavailable-error.js'
import { WorkerPool, type WorkerPoolOptions } from '../../../lib/passwords/worker-pool.js'

interface Job {
  readonly name: string
  /** Slot 0 counts the attempts; while slot 1 is 1, the job does not end. */
  readonly shared: SharedArrayBuffer
  readonly exits: number
  readonly throws: number
  /** The worker ends once it has answered. */
  readonly leaves: boolean
}

interface Answer {
  readonly name: string
  readonly threadId: number
  readonly attempt: number
}

const pools: WorkerPool<Job, Answer>[] = []

function poolOf(options: Partial<WorkerPoolOptions>): WorkerPool<Job, Answer> {
  const file = fileURLToPath(new URL('./fixtures/unreliable-worker.cjs', import.meta.url))
  const code = `require(${JSON.stringify(file)})`
  const pool = new WorkerPool<Job, Answer>({ code, size: 1, queueLimit: 10, jobMilliseconds: 100, ...options })
  pools.push(pool)
  return pool
}

function jobOf(job: { name?: string; exits?: number; throws?: number; held?: boolean; leaves?: boolean } = {}): Job {
  const shared = new SharedArrayBuffer(8)
  if (job.held === true) new Int32Array(shared)[1] = 1
  const { name = 'job', exits = 0, throws = 0, leaves = false } = job
  return { name, shared, exits, throws, leaves }
}

function release(job: Job): void {
  const slots = new Int32Array(job.shared)
  Atomics.store(slots, 1, 0)
  Atomics.notify(slots, 1)
}

function attemptsAt(job: Job): number {
  return Atomics.load(new Int32Array(job.shared), 0)
}

async function refusalOf(promise: Promise<unknown>): Promise<StoreUnavailableError> {
  const error: unknown = await promise.then(
    (answer) => expect.fail(`it was not refused but answered ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StoreUnavailableError)
  return error as StoreUnavailableError
}

describe('WorkerPool', () => {
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()))
  })

  it('refuses a job when the queue is full, and says when to come back', async () => {
    const pool = poolOf({ size: 1, queueLimit: 3, jobMilliseconds: 900 })
    const held = jobOf({ name: 'held', held: true })
    const running = pool.run(held)
    const waiting = ['a', 'b', 'c'].map((name) => pool.run(jobOf({ name })))

    const refusal = await refusalOf(pool.run(jobOf({ name: 'one too many' })))
    expect(refusal.message).toBe('all 1 worker threads are busy and 3 jobs are waiting')
    // 3 jobs of 0.9 s each.
    expect(refusal.retryAfterSeconds).toBe(3)

    release(held)
    expect((await Promise.all([running, ...waiting])).map((answer) => answer.name)).toEqual(['held', 'a', 'b', 'c'])
    // There is room again.
    expect((await pool.run(jobOf({ name: 'later' }))).name).toBe('later')
  })

  it('serves the parties in turn while one of them waits for much (V7)', async () => {
    const pool = poolOf({ size: 1, queueLimit: 10 })
    const held = jobOf({ held: true })
    const running = pool.run(held, 'mallory')
    const order: string[] = []
    const ask = async (name: string, party: string): Promise<unknown> =>
      pool.run(jobOf({ name }), party).then((answer) => order.push(answer.name))
    const waiting = [ask('m1', 'mallory'), ask('m2', 'mallory'), ask('m3', 'mallory'), ask('a1', 'alice')]
    waiting.push(ask('b1', 'bob'))
    expect(pool.waiting).toBe(5)

    release(held)
    await Promise.all([running, ...waiting])
    expect(order).toEqual(['m1', 'a1', 'b1', 'm2', 'm3'])
  })

  it('refuses the newest job of the party that fills the queue, and not the newcomer of another (V7)', async () => {
    const pool = poolOf({ size: 1, queueLimit: 4, jobMilliseconds: 900 })
    const held = jobOf({ held: true })
    const running = pool.run(held, 'mallory')
    const mallory = [1, 2, 3, 4].map((n) => pool.run(jobOf({ name: `m${n}` }), 'mallory'))
    const own = refusalOf(pool.run(jobOf({ name: 'm5' }), 'mallory'))
    const displaced = mallory.slice(2).map(refusalOf)
    const alice = [1, 2].map((n) => pool.run(jobOf({ name: `a${n}` }), 'alice'))
    const last = refusalOf(pool.run(jobOf({ name: 'a3' }), 'alice'))

    for (const refusal of await Promise.all([own, ...displaced, last])) expect(refusal.retryAfterSeconds).toBe(4)
    expect(pool.waiting).toBe(4)
    release(held)
    const answers = await Promise.all([running, ...mallory.slice(0, 2), ...alice])
    expect(answers.map((answer) => answer.name)).toEqual(['job', 'm1', 'm2', 'a1', 'a2'])
  })

  it('resolves each job in its caller’s AsyncLocalStorage, and starts workers in none (01)', async () => {
    const pool = poolOf({ size: 1 })
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    process.once('worker', () => seen.push(storage.getStore()))
    const ask = async (name: string): Promise<void> => {
      await pool.run(jobOf({ name }), name)
      seen.push(storage.getStore())
    }
    await Promise.all(['first', 'second', 'third'].map((name) => storage.run(name, ask, name)))

    expect(seen).toEqual([undefined, 'first', 'second', 'third'])
  })

  it('accepts as many jobs as it has workers with a queue limit of 0', async () => {
    const pool = poolOf({ size: 2, queueLimit: 0 })
    const held = [jobOf({ held: true }), jobOf({ held: true })]
    const running = held.map((job) => pool.run(job))

    expect((await refusalOf(pool.run(jobOf()))).retryAfterSeconds).toBe(1)

    held.forEach(release)
    const answers = await Promise.all(running)
    expect(new Set(answers.map((answer) => answer.threadId)).size).toBe(2)
  })

  it('uses the same worker again and starts no more than it needs', async () => {
    const pool = poolOf({ size: 4 })
    const threads = new Set<number>()
    for (let i = 0; i < 3; i += 1) threads.add((await pool.run(jobOf())).threadId)

    expect(threads.size).toBe(1)
  })

  it.each([
    ['exits', { exits: 1 }],
    ['throws', { throws: 1 }],
  ])('replaces a worker that %s and does its job on another', async (_name, failure) => {
    const pool = poolOf({ size: 1 })
    const before = await pool.run(jobOf())
    const retried = await pool.run(jobOf({ name: 'retried', ...failure }))
    const after = await pool.run(jobOf())

    expect(retried).toEqual({ name: 'retried', attempt: 2, threadId: retried.threadId })
    expect(retried.threadId).not.toBe(before.threadId)
    expect(after.threadId).toBe(retried.threadId)
  })

  it('replaces a worker that died while it was idle', async () => {
    const pool = poolOf({ size: 1 })
    const died = new Promise((resolve) => process.once('worker', (worker) => worker.once('exit', resolve)))
    const before = await pool.run(jobOf({ leaves: true }))
    await died

    const after = await pool.run(jobOf({ name: 'next' }))
    expect(after).toEqual({ name: 'next', attempt: 1, threadId: after.threadId })
    expect(after.threadId).not.toBe(before.threadId)
  })

  it('does the jobs in their order when a worker dies', async () => {
    const pool = poolOf({ size: 1 })
    const finished: string[] = []
    await Promise.all(
      [jobOf({ name: 'dies once', exits: 1 }), jobOf({ name: 'second' }), jobOf({ name: 'third' })].map(async (job) =>
        finished.push((await pool.run(job)).name),
      ),
    )

    expect(finished).toEqual(['dies once', 'second', 'third'])
  })

  it.each([
    ['exits', { exits: 9 }, 'a worker thread ended with code 3'],
    ['throws', { throws: 9 }, 'the job of the test'],
  ])('gives up a job whose worker %s twice, and goes on with the others', async (_name, failure, cause) => {
    const pool = poolOf({ size: 1 })
    const deadly = jobOf(failure)
    const given = refusalOf(pool.run(deadly))
    const next = pool.run(jobOf({ name: 'next' }))

    const refusal = await given
    expect(refusal.message).toBe('a job was given up after two worker threads died of it')
    expect((refusal.cause as Error).message).toBe(cause)
    expect(attemptsAt(deadly)).toBe(2)
    expect((await next).name).toBe('next')
  })

  it('gives up a job when the code of a worker cannot be loaded', async () => {
    const refusal = await refusalOf(poolOf({ code: "require('/nowhere/worker.cjs')" }).run(jobOf()))

    expect((refusal.cause as NodeJS.ErrnoException).code).toBe('MODULE_NOT_FOUND')
  })

  it('gives up a job when no worker can be started', async () => {
    const pool = poolOf({ code: new URL('file:///worker.cjs') as unknown as string })

    const refusal = await refusalOf(pool.run(jobOf()))
    expect(refusal.message).toBe('a worker thread could not be started')
    expect((refusal.cause as NodeJS.ErrnoException).code).toBe('ERR_INVALID_ARG_VALUE')
  })

  it('rejects running, waiting and later jobs when it is closed', async () => {
    const pool = poolOf({ size: 1 })
    const held = jobOf({ held: true })
    const refusals = [pool.run(held), pool.run(jobOf())].map(refusalOf)

    await pool.close()
    refusals.push(refusalOf(pool.run(jobOf())))

    expect((await Promise.all(refusals)).map((refusal) => refusal.message)).toEqual(
      Array.from({ length: 3 }, () => 'the worker threads were closed'),
    )
  })

  it('can be closed twice, and unused', async () => {
    const pool = poolOf({})

    await expect(Promise.all([pool.close(), pool.close()])).resolves.toEqual([undefined, undefined])
  })
})
