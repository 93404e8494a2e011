import { join } from 'node:path'
import { createClient } from 'redis'
import { absent } from './absent.mjs'
import { folderOf } from './programs.mjs'
import { throwAwayServer } from './throw-away-server.mjs'

const given = 'TEST_REDIS_URL'

/** Starts Redis. */
export async function startRedis({ durable = false, args = [] } = {}) {
  const mayBeGiven = !durable && args.length === 0
  if (process.env[given] && mayBeGiven) return givenServer(process.env[given])
  const folder = await folderOf(['redis-server'])
  if (!folder) return absent({ name: 'Redis', packages: 'redis-server', variable: mayBeGiven ? given : undefined })

  const urlOf = (port) => `redis://127.0.0.1:${port}`
  const server = await throwAwayServer({
    name: 'redis',
    command: (home, port) => [
      join(folder, 'redis-server'),
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', home, '--save', ''],
      ...(durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']),
      ...args,
    ],
    ask: async (port) => (await send(urlOf(port), ['CONFIG', 'GET', 'dir']))[1],
    // A cluster's nodes talk on a second port, this much above the first.
    ports: { highest: 55_535 },
  })
  return {
    url: urlOf(server.port),
    given: false,
    get pid() {
      return server.pid()
    },
    kill: server.kill,
    restart: server.restart,
    stop: server.stop,
  }
}

/** Sends one command on a connection of its own. */
export async function send(url, command) {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false, connectTimeout: 5000 } })
  // The promises below reject as well.
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.sendCommand(command)
  } finally {
    if (client.isOpen) client.destroy()
  }
}

async function givenServer(url) {
  await send(url, ['PING']).catch((error) => {
    throw new Error(`the server that ${given} names does not answer`, { cause: error })
  })
  return { url, given: true, async stop() {} }
}
