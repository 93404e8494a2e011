// The load generator, in a process of its own: the runner tells it which server to ask for what, and for how long.
//
// While it measures it never sleeps: what a sleeping client takes to wake up would be counted against the fast servers most.
import { performance } from 'node:perf_hooks'
import { guardedRequest, trafficOf } from '../traffic.mjs'
import { Connection } from './connection.mjs'
import { storm } from './storm.mjs'

const sessions = new Map()

process.on('disconnect', () => process.exit())
process.on('message', ({ id, command, ...parameters }) => {
  Promise.resolve(commands[command](parameters)).then(
    (result) => process.send({ id, result }),
    (error) => process.send({ id, error: error.stack }),
  )
})

const commands = {
  async open({ server, port, workload, connections, keys, seeds }) {
    const session = { connections: Array.from({ length: connections }, () => new Connection(port)), keys, seeds }
    session.traffic = trafficOf(workload)
    sessions.set(server, session)
    await session.traffic.prepare?.(session)
  },

  /** Gets what the next sample needs. */
  async ready({ server, requests }) {
    const session = sessions.get(server)
    await session.traffic.beforeSample?.(session, requests)
  },

  /** For so many milliseconds, or so many requests. */
  sample({ server, ...amount }) {
    return sample(sessions.get(server), amount)
  },

  /** Logins and another route; the first time it gets a token for that. */
  async storm({ server, ...amount }) {
    const session = sessions.get(server)
    session.probe ??= await guardedRequest(session.connections.at(-1))
    return storm(session, amount)
  },

  close({ server }) {
    for (const connection of sessions.get(server)?.connections ?? []) connection.close()
    sessions.delete(server)
  },
}

function sample({ connections, traffic }, { milliseconds, requests = Infinity }) {
  return new Promise((resolve) => {
    let [sent, done, atEnd, open] = [0, 0, 0, true]
    let seconds
    const unexpected = {}
    const start = performance.now()

    if (milliseconds !== undefined) setTimeout(close, milliseconds)
    setImmediate(spin)
    for (const connection of connections) fire(connection)

    function fire(connection) {
      sent += 1
      if (sent >= requests) close()
      connection.send(traffic.next(connection), answered)
    }

    function answered(connection, status, text, bodyAt) {
      done += 1
      if (traffic.expected.includes(status)) traffic.read?.(connection, text, bodyAt)
      else unexpected[status] = (unexpected[status] ?? 0) + 1
      if (open && status !== 0) fire(connection)
      else if (done === sent) finish()
    }

    function close() {
      if (!open) return
      open = false
      atEnd = done
      seconds = (performance.now() - start) / 1000
    }

    /** The rest that was under way is not counted, unless a number of requests was asked for. */
    function finish() {
      close()
      if (requests !== Infinity) [atEnd, seconds] = [done, (performance.now() - start) / 1000]
      const wholeSeconds = (performance.now() - start) / 1000
      resolve({ perSecond: atEnd / seconds, requests: done, seconds: wholeSeconds, unexpected })
    }

    function spin() {
      if (open || done < sent) setImmediate(spin)
    }
  })
}
