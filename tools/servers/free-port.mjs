import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems give to connections: nobody else takes one before its server does, nor while it starts
// again. The same is true of the second port of a node of a Redis Cluster, 10,000 above the first.
const lowest = 11_000
const end = 21_000

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort() {
  for (;;) {
    const port = randomInt(lowest, end)
    const server = createServer()
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
    } catch {
      continue
    }
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
