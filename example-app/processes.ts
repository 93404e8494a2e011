import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import { CannotStartError } from './settings.js'

/** Listens; answers what ends that, once the requests that are on their way have been answered. Throws `CannotStartError`. */
export async function listen(app: RequestListener, host: string, port: number): Promise<() => Promise<void>> {
  const server = createServer(app).listen(port, host)
  await once(server, 'listening').catch((cause: unknown) => {
    throw new CannotStartError(`Nobody can listen at port ${port}: ${(cause as Error).message}`, { cause })
  })
  return () => new Promise((resolve) => void server.close(() => resolve()))
}

/** Starts a program that listens, and waits until it does; answers what ends it. It ends, too, when this process is gone. */
export async function startChild(program: string, env: NodeJS.ProcessEnv): Promise<() => unknown> {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), { env })
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[]
  if (message !== 'listening') throw new CannotStartError(`${program} has ended`)
  return () => child.connected && child.disconnect()
}

/** Listens in a program that `startChild` started, or a person. */
export async function listenAsChild(app: RequestListener, host: string, port: number): Promise<void> {
  const close = await listen(app, host, port).catch((error: unknown) => {
    console.error((error as Error).message)
    process.exit(1)
  })
  for (const end of ['disconnect', 'SIGTERM', 'SIGINT'])
    process.once(end, () => void close().then(() => process.exit()))
  process.send?.('listening')
}
