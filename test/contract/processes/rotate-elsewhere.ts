import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { RefreshTokenRotation, RotationOutcome } from '../../../lib/stores/token-store.js'
import type { CompiledStores } from './compile-stores.js'

/** What {@link startRotatingProcess} can open. */
export type SharedStores = 'sqlite' | 'postgres' | 'mysql' | 'redis'

/** Where the data are that several processes share: a SQLite file, a database, or the keys in a Redis that begin with a prefix. */
export type SharedData =
  { readonly file: string } | { readonly url: string } | { readonly url: string; readonly keyPrefix: string }

/** Another process that has opened the same data. */
export interface RotatingProcess {
  /** Rotates there, all at once, and answers the outcomes in the same order. Opens the data first, unless it has them open. */
  rotate(data: SharedData, rotations: readonly RefreshTokenRotation[]): Promise<readonly RotationOutcome[]>
  /** Closes what is open there, so that it can be removed. */
  release(): Promise<void>
  /** Ends the process. */
  stop(): Promise<void>
}

interface Answer {
  readonly id: number
  readonly outcomes?: readonly RotationOutcome[]
  readonly error?: string
}

/** Starts a process for the `rotateElsewhere` of a contract: one for a test file, whose rules have other data each time. */
export function startRotatingProcess(compiled: CompiledStores, kind: SharedStores): RotatingProcess {
  const script = fileURLToPath(new URL('rotate-elsewhere.mjs', import.meta.url))
  const child = fork(script, [kind, compiled[kind]], { execArgv: [], serialization: 'advanced' })
  const waiting = new Map<number, (answer: Answer) => void>()
  let lastId = 0
  let hasEnded = false

  child.on('message', (message: Answer | 'ready') => {
    if (message !== 'ready') waiting.get(message.id)?.(message)
  })
  child.once('exit', (code) => {
    hasEnded = true
    for (const [id, answer] of waiting) answer({ id, error: `The other process ended with code ${String(code)}` })
  })

  async function ask(message: object): Promise<readonly RotationOutcome[]> {
    if (hasEnded) throw new Error('The other process has ended')
    const id = ++lastId
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve))
    child.send({ id, ...message })
    const { outcomes, error } = await answered
    waiting.delete(id)
    if (outcomes === undefined) throw new Error(error)
    return outcomes
  }

  return {
    rotate: (data, rotations) => ask({ data, rotations }),
    async release() {
      if (!hasEnded) await ask({})
    },
    async stop() {
      if (hasEnded) return
      const exit = once(child, 'exit')
      child.kill()
      await exit
    },
  }
}
