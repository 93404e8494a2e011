// One server in a process of its own: the runner tells it which, and asks it for what it used.
import { createServer } from 'node:http'
import { performance } from 'node:perf_hooks'

process.on('disconnect', () => process.exit())
process.once('message', async ({ file, ...setUp }) => {
  const { create } = await import(file)
  const { handler, seeds, advance, server = createServer(handler) } = await create(setUp)
  // Its connections wait while other servers have their turn.
  server.keepAliveTimeout = 600_000
  server.listen(0, '127.0.0.1', () => {
    process.send({ port: server.address().port, seeds, versions: process.versions, ready: performance.now() })
  })
  process.on('message', ({ id, ask, seconds }) => {
    if (ask === 'advance') advance(seconds)
    process.send({ id, result: ask === 'memory' ? memory() : process.cpuUsage() })
  })
})

function memory() {
  for (let time = 0; time < 3; time += 1) globalThis.gc()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { heap: heapUsed + arrayBuffers, rss }
}
