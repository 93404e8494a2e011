import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { CannotStartError } from './cannot-start-error.js'

/** Listens; answers what ends that, once the requests that are on their way have been answered. Throws `CannotStartError`. */
export async function listen(
  app: RequestListener,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<() => Promise<void>> {
  const server = createServer(app).listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new CannotStartError(`Nobody can listen at PORT: ${(error as Error).message}`, { cause: error })
  }
  return () => new Promise((resolve) => void server.close(() => resolve()))
}
