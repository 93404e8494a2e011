// Logins without pause, and meanwhile another route every few milliseconds: for the generator. It sleeps in between, because hashing may
// have every processor.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

const pause = 4

/** `connections`: the last one asks the other route, so many others as `logins` says sign in. */
export async function storm({ connections, traffic, probe }, { milliseconds, logins }) {
  const unexpected = {}
  const latencies = []
  let [done, open] = [0, true]
  const start = performance.now()
  const waiting = connections.slice(0, logins).map(async (connection) => {
    while (open) {
      await send(connection, traffic.next(connection))
      if (open) done += 1
    }
  })
  // The first logins of a server may start its threads.
  if (logins > 0) await sleep(200)
  while (performance.now() - start < milliseconds) {
    const sent = performance.now()
    await send(connections.at(-1), probe)
    latencies.push(performance.now() - sent)
    await sleep(pause)
  }
  open = false
  const seconds = (performance.now() - start) / 1000
  await Promise.all(waiting)
  return { perSecond: done / seconds, latencies, unexpected }

  function send(connection, request) {
    return new Promise((resolve) => {
      connection.send(request, (from, status) => {
        if (status !== 200) unexpected[status] = (unexpected[status] ?? 0) + 1
        resolve()
      })
    })
  }
}
