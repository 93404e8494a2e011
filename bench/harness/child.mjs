// Child processes that answer: servers and the generator, each on a processor of its own where that can be had.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0

export class Child {
  #process
  #output = ''
  #waiting = new Map()
  #id = 0

  constructor(script, { node = process.execPath, nodeFlags = [] } = {}) {
    this.#process = spawn(node, [...nodeFlags, fileURLToPath(new URL(script, import.meta.url))], {
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (chunk) => (this.#output = (this.#output + chunk).slice(-4000)))
    }
    this.#process.on('message', ({ id, result, error }) => this.#settle(id, result, error))
    this.#process.on('exit', (code) => this.#fail(`ended with ${code}: ${this.#output}`))
    this.#process.on('error', (error) => this.#fail(error.message))
  }

  /** Sends the first message, and waits for the answer to it. */
  async begin(message, milliseconds = 30_000) {
    const answer = once(this.#process, 'message', { signal: AbortSignal.timeout(milliseconds) })
    const ended = once(this.#process, 'exit').then(() => {
      throw new Error(`did not start: ${this.#output}`)
    })
    this.#process.send(message)
    return (await Promise.race([answer, ended]))[0]
  }

  /** Keeps all its threads on one processor. */
  pin(core) {
    if (canPin) spawnSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(core), String(this.#process.pid)])
    return this
  }

  ask(message) {
    const id = (this.#id += 1)
    return new Promise((resolve, reject) => {
      if (!this.#process.connected) return reject(new Error(`is gone: ${this.#output}`))
      this.#waiting.set(id, { resolve, reject })
      this.#process.send({ id, ...message })
    })
  }

  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    // A process that ends by itself can still write its profile.
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), 5000)
    if (this.#process.connected) this.#process.disconnect()
    else this.#process.kill()
    await ended
    clearTimeout(kill)
  }

  #settle(id, result, error) {
    const { resolve, reject } = this.#waiting.get(id) ?? {}
    this.#waiting.delete(id)
    if (error === undefined) resolve?.(result)
    else reject(new Error(error))
  }

  #fail(reason) {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason))
    this.#waiting.clear()
  }
}
