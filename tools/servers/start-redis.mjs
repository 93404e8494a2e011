import { join } from 'node:path'
import { absent } from './absent.mjs'
import { folderOfPrograms } from './folder-of-programs.mjs'
import { givenServer } from './given-server.mjs'
import { sendToRedis } from './send-to-redis.mjs'
import { throwAwayServer } from './throw-away-server.mjs'

/** Starts Redis. */
export async function startRedis({ durable = false, args = [] } = {}) {
  const variable = durable || args.length > 0 ? undefined : 'TEST_REDIS_URL'
  const given = variable && (await givenServer(variable, (url) => sendToRedis(url, ['PING'])))
  if (given) return given
  const programs = await folderOfPrograms(['redis-server'])
  if (!programs) return absent({ name: 'Redis', packages: 'redis-server', variable })

  return throwAwayServer({
    name: 'redis',
    urlOf: (port) => `redis://127.0.0.1:${port}`,
    command: (folder, port) => [
      join(programs, 'redis-server'),
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...(durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']),
      ...args,
    ],
    ask: async (url) => (await sendToRedis(url, ['CONFIG', 'GET', 'dir']))[1],
  })
}
