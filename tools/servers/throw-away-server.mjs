// One server process in a folder and on a port of its own, both gone after use.
import { spawn } from 'node:child_process'
import { chown, mkdtemp, open, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.mjs'
import { guard } from './guard.mjs'
import { childrenOf, untilGone } from './processes.mjs'

const deadlineMs = 60_000
const pollMs = 20

/**
 * Starts a server and answers when it does.
 *
 * - `name`: of the folder, and in messages.
 * - `account`: `uid` and `gid` of the process; absent: ours.
 * - `create(folder)`: fills the folder once, before the first start.
 * - `command(folder, port)`: the program and its arguments. Only the folder may be written to.
 * - `urlOf(port)`: what users connect to.
 * - `ask(url)`: asks the server for the path of its data, and throws while there is no answer.
 * - `endSignal`: ends the server at once, in a way that leaves nothing behind in the system.
 */
export async function throwAwayServer({ name, account = {}, create, command, urlOf, ask, endSignal = 'SIGKILL' }) {
  const folder = await makeFolder(name, account)
  const guarded = guard(folder, endSignal)
  let port
  let running
  try {
    await create?.(folder)
    await startOnFreePort()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url: urlOf(port),
    given: false,
    get pid() {
      return running?.child.pid
    },
    kill: () => end('SIGKILL'),
    restart,
    stop,
  }

  async function startOnFreePort() {
    for (let attempt = 1; ; attempt += 1) {
      port = await freePort()
      try {
        return await start()
      } catch (error) {
        // Somebody else took the port after we had found it free.
        if (attempt === 5 || !/address already in use/i.test(error.message)) throw error
      }
    }
  }

  async function start() {
    const log = join(folder, 'log')
    running = await launch(command(folder, port), log, { ...account, cwd: folder })
    guarded.watch(running.child.pid)
    const deadline = Date.now() + deadlineMs
    for (;;) {
      // On a port that was taken in between another server answers, perhaps one of ours: it has other data.
      const answer = await ask(urlOf(port)).catch(() => '')
      if (running.hasEnded()) {
        await end()
        throw new Error(`${name} ended while it started:\n${await lastLines(log)}`)
      }
      if (answer.startsWith(folder)) return
      if (Date.now() > deadline) {
        await end('SIGKILL')
        throw new Error(`${name} does not answer after ${deadlineMs / 1000} s:\n${await lastLines(log)}`)
      }
      await sleep(pollMs)
    }
  }

  async function end(signal) {
    if (running === undefined) return
    const { child, hasEnded, ended } = running
    if (!hasEnded()) {
      // A stopped process has no new children while we look.
      child.kill('SIGSTOP')
      const children = await childrenOf(child.pid)
      child.kill(signal)
      child.kill('SIGCONT')
      child.ref()
      await ended
      await untilGone(children)
    }
    running = undefined
    guarded.watch(undefined)
  }

  async function restart() {
    await end('SIGKILL')
    await start()
  }

  async function stop() {
    await end(endSignal)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    guarded.dismiss()
  }
}

async function makeFolder(name, { uid, gid }) {
  // Servers tell the real path of their data, and some systems link to their folder for temporary files.
  const folder = await realpath(await mkdtemp(join(tmpdir(), `latchkey-${name}-`)))
  if (uid !== undefined) await chown(folder, uid, gid)
  return folder
}

/** Spawns a process that keeps ours from ending no more than its log, a file, does. */
async function launch([program, ...options], log, spawnOptions) {
  const output = await open(log, 'w')
  const child = spawn(program, options, {
    ...spawnOptions,
    // A session of its own: Ctrl-C is for us, and we end the server.
    detached: true,
    // Messages in English: one of them is looked for.
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', output.fd, output.fd],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject)).finally(() =>
    output.close(),
  )
  child.unref()
  return { child, ended, hasEnded: () => child.exitCode !== null || child.signalCode !== null }
}

async function lastLines(log) {
  return (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-15).join('\n')
}
