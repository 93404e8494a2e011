import { AsyncResource } from 'node:async_hooks'
import { Worker } from 'node:worker_threads'

import { StoreUnavailableError } from '../errors/store-unavailable-error.js'
import { FairQueue, type Waiting } from './fair-queue.js'

/** Settings of a worker pool; none has a default. */
export interface WorkerPoolOptions {
  /** JavaScript, as a CommonJS script, that each worker runs. It sends exactly one message for each message it gets. */
  readonly code: string
  /** The maximum number of workers. */
  readonly size: number
  /** The maximum number of jobs that wait while all workers are busy. */
  readonly queueLimit: number
  /** The approximate milliseconds of one job, from which `retryAfterSeconds` of a refused job is computed. */
  readonly jobMilliseconds: number
}

/**
 * Runs jobs in worker threads, one at a time in each. Waiting parties are served in turn; when the queue is full, the party with the most
 * jobs makes room for one with fewer.
 *
 * Workers start when they are first needed and then stay. They keep the process alive only while a job is pending. A worker that dies is
 * replaced when the next job needs it. Its job is tried once more; then it rejects with `StoreUnavailableError`.
 */
export class WorkerPool<Job, Answer> {
  readonly #options: WorkerPoolOptions
  readonly #idle: Worker[] = []
  readonly #busy = new Map<Worker, PendingJob<Job, Answer>>()
  readonly #waiting: FairQueue<PendingJob<Job, Answer>>
  /** Jobs whose worker died. They run before all others. */
  readonly #again: PendingJob<Job, Answer>[] = []
  /** Workers outlive the request that started them, and must not keep its `AsyncLocalStorage` alive. */
  readonly #outsideOfRequests = new AsyncResource('LatchkeyWorkerPool')
  #closing: Promise<void> | undefined

  constructor(options: WorkerPoolOptions) {
    this.#options = options
    this.#waiting = new FairQueue(options.queueLimit)
  }

  /** The number of jobs that wait for a worker. */
  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Runs a job. Rejects with `StoreUnavailableError` when too many jobs wait (also later, if another party needs the place) and when the
   * pool is closed. Jobs without a party count as one party.
   */
  run(job: Job, party = ''): Promise<Answer> {
    if (this.#closing !== undefined) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      const pending = { job, party, resolve, reject, attempts: 0 }
      // Nothing waits while a worker is free.
      if (this.#busy.size < this.#options.size) this.#assign(pending)
      else this.#waiting.push(pending)?.reject(this.#overloadedError())
    })
  }

  /** Ends all workers. Unfinished and later jobs reject with `StoreUnavailableError`. */
  close(): Promise<void> {
    this.#closing ??= this.#terminate()
    return this.#closing
  }

  #dispatch(): void {
    while (this.#busy.size < this.#options.size) {
      const pending = this.#again.shift() ?? this.#waiting.shift()
      if (pending === undefined) return
      this.#assign(pending)
    }
  }

  #assign(pending: PendingJob<Job, Answer>): void {
    try {
      const worker = this.#idle.pop() ?? this.#outsideOfRequests.runInAsyncScope(() => this.#start())
      pending.attempts += 1
      this.#busy.set(worker, pending)
      worker.ref()
      worker.postMessage(pending.job)
    } catch (cause) {
      // The system has no thread left, or Node runs without the permission to start one.
      pending.reject(new StoreUnavailableError('a worker thread could not be started', { cause }))
    }
  }

  #start(): Worker {
    // Without the options of the process: `--input-type=module` would apply to the worker's code.
    const worker = new Worker(this.#options.code, { eval: true, execArgv: [], workerData: 'latchkey worker' })
    let cause: unknown
    worker.on('message', (answer: Answer) => {
      this.#finish(worker, answer)
    })
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', (code) => {
      this.#replace(worker, cause ?? new Error(`a worker thread ended with code ${code}`))
    })
    return worker
  }

  #finish(worker: Worker, answer: Answer): void {
    const pending = this.#busy.get(worker)
    if (pending === undefined) return
    this.#busy.delete(worker)
    this.#idle.push(worker)
    worker.unref()
    pending.resolve(answer)
    this.#dispatch()
  }

  #replace(worker: Worker, cause: unknown): void {
    const pending = this.#busy.get(worker)
    this.#busy.delete(worker)
    if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1)
    if (pending === undefined) return
    // Once more and no further: the job itself may kill the workers.
    if (pending.attempts < 2) this.#again.push(pending)
    else pending.reject(new StoreUnavailableError('a job was given up after two worker threads died of it', { cause }))
    this.#dispatch()
  }

  async #terminate(): Promise<void> {
    const unfinished = [...this.#busy.values(), ...this.#again.splice(0), ...this.#waiting.clear()]
    const workers = [...this.#idle.splice(0), ...this.#busy.keys()]
    this.#busy.clear()
    for (const pending of unfinished) pending.reject(closedError())
    await Promise.all(workers.map((worker) => worker.terminate()))
  }

  #overloadedError(): StoreUnavailableError {
    const { size, jobMilliseconds } = this.#options
    const waiting = this.#waiting.length
    const seconds = Math.ceil((waiting / size) * (jobMilliseconds / 1000))
    return new StoreUnavailableError(`all ${size} worker threads are busy and ${waiting} jobs are waiting`, {
      retryAfterSeconds: Math.max(1, seconds),
    })
  }
}

interface PendingJob<Job, Answer> extends Waiting {
  readonly job: Job
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: StoreUnavailableError) => void
  attempts: number
}

function closedError(): StoreUnavailableError {
  return new StoreUnavailableError('the worker threads were closed')
}
