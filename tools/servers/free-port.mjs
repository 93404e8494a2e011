import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems give to connections: nobody else takes one before its server does, nor while it starts
// again. The same is true of the second port of a node of a Redis Cluster, 10,000 above the first.
const lowest = 11_000
const end = 21_000

// Processes that run tests at once have a part each. What was given away is taken, even before its server listens.
const parts = 4
const size = (end - lowest) / parts
const first = lowest + size * (Number(process.env.VITEST_POOL_ID ?? 0) % parts)
const given = new Set()

/** A port of 127.0.0.1 that nobody listens on now, and that this process was not given before. */
export async function freePort() {
  for (;;) {
    const port = randomInt(first, first + size)
    if (given.has(port)) continue
    given.add(port)
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
