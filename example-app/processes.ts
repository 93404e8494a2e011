import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import { CannotStartError } from './cannot-start.js'

type PortVariable = 'PORT' | 'STOCK_PORT' | 'WEB_PORT'

/** Listens; returns a function that stops that, once the running requests have been answered. Throws `CannotStartError`. */
export async function listen(
  app: RequestListener,
  host: string,
  port: number,
  variable: PortVariable,
): Promise<() => Promise<void>> {
  const server = createServer(app).listen(port, host)
  await once(server, 'listening').catch((cause: unknown) => {
    const { code = '', message } = cause as NodeJS.ErrnoException
    const remedies: Readonly<Record<string, string>> = {
      EADDRINUSE: `Port ${port} is already in use. Set ${variable} to another one, or stop the program that uses it`,
      EACCES: `Port ${port} is reserved. Set ${variable} to one above 1023`,
    }
    const other = `HOST is ${host}, which must be an address of this machine (${message})`
    throw new CannotStartError(remedies[code] ?? other, { cause })
  })
  return () => new Promise((resolve) => void server.close(() => resolve()))
}

/** Starts a program, waits until it listens, and returns what ends it. It also ends when this process is gone. */
export async function startChild(program: string, env: NodeJS.ProcessEnv): Promise<() => unknown> {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), { env })
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
  if (message === 'listening') return () => child.connected && child.disconnect()
  const { cannotStart = `${program} ended with ${String(message)}` } = Object(message) as { cannotStart?: string }
  throw new CannotStartError(cannotStart)
}

/** Listens in a program that `startChild` started, or a person. */
export async function listenAsChild(
  app: RequestListener,
  host: string,
  port: number,
  variable: PortVariable,
): Promise<void> {
  const close = await listen(app, host, port, variable)
  for (const end of ['disconnect', 'SIGTERM', 'SIGINT'])
    process.once(end, () => void close().then(() => process.exit()))
  process.send?.('listening')
}
