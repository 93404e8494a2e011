import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What one process is started with, and what it is sent once all of them are ready. */
export interface ProcessTask {
  readonly args: readonly string[]
  readonly message?: object
}

/** Runs a script of this folder in several processes, which begin at the same moment, and answers what each one sends. */
export async function runProcesses(script: string, tasks: readonly ProcessTask[]): Promise<unknown[]> {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const processes = tasks.map(({ args, message }) => ({ child: fork(file, args, { execArgv: [] }), message }))
  try {
    await Promise.all(processes.map(({ child }) => nextMessage(child)))
    const startAt = Date.now() + 50
    const answers = processes.map(({ child }) => nextMessage(child))
    for (const { child, message } of processes) child.send({ ...message, startAt })
    return await Promise.all(answers)
  } finally {
    await Promise.all(processes.map(({ child }) => stopped(child)))
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`A process ended with code ${String(code)} before it answered`)
  })
  const [answer] = (await Promise.race([once(child, 'message'), ended])) as unknown[]
  return answer
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}
