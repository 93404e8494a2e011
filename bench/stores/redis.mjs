import { Redis } from 'ioredis'
import { openRedisStores } from 'latchkey/stores/redis'
import { createClient } from 'redis'
import { startRedis } from '../../tools/servers/start-redis.mjs'
import { versionOf } from './environment.mjs'
import { asTheyAre, recordWith } from './recording.mjs'
import { storeCalls } from './store-calls.mjs'

/** Redis through node-redis: one connection for everything, as its clients have it. */
export async function openNodeRedis({ durable }) {
  const server = await startRedis({ durable })
  if (server === undefined) return undefined
  const client = createClient({ url: server.url })
  await client.connect()
  return subjectOf({
    ...{ name: 'Redis by node-redis', driver: 'redis', server, client },
    send: (command) => client.sendCommand(command),
    info: (section) => client.info(section),
    end: () => client.destroy(),
  })
}

/** Redis through ioredis. */
export async function openIoRedis({ durable }) {
  const server = await startRedis({ durable })
  if (server === undefined) return undefined
  const client = new Redis(server.url, { autoResendUnfulfilledCommands: false })
  return subjectOf({
    ...{ name: 'Redis by ioredis', driver: 'ioredis', server, client },
    send: ([, ...operands]) => client.evalsha(...operands),
    info: (section) => client.info(section),
    end: () => client.disconnect(),
  })
}

async function subjectOf({ name, driver, server, client, send, info, end }) {
  const commands = []
  const recorder = {
    async sendCommand(command) {
      commands.push(command)
      return null
    },
  }
  const store = storeCalls(openRedisStores(client).tokens)
  const recorded = storeCalls(openRedisStores(recorder).tokens)
  const [, version] = /redis_version:(\S+)/.exec(await info('server'))
  return {
    name,
    lanes: 8,
    versions: { Redis: version, [driver]: versionOf(driver) },
    halves: {
      store: { prepare: asTheyAre, ...store },
      bare: { prepare: recordWith(recorded, () => commands.splice(0)), ...bareCalls(send) },
    },
    countSent: (work) => countSent(info, work),
    async close() {
      end()
      await server.stop()
    },
  }
}

function bareCalls(send) {
  return {
    'client credentials': ([save]) => send(save),
    async verify([find]) {
      const record = await send(find)
      return { ...JSON.parse(record), tokenHash: hashIn(find) }
    },
    'sign-in': ([save]) => send(save),
    async refresh([find, rotate]) {
      const [token, record] = await send(find)
      await send(rotate)
      const authorization = JSON.parse(record)
      return {
        ...JSON.parse(token.split('\n')[1]),
        tokenHash: hashIn(find),
        authorizationId: authorization.authorizationId,
        authorization,
        spending: undefined,
      }
    },
  }
}

/** The end of the last key, which is all of its own that a script to find a token is given. */
function hashIn(command) {
  const key = command.findLast((operand) => operand.includes(':'))
  return key.slice(key.lastIndexOf(':') + 1)
}

/** As the server counts. */
async function countSent(info, work) {
  const count = async () => {
    const calls = (await info('commandstats')).matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)
    return [...calls].reduce((sum, [, number]) => sum + Number(number), 0)
  }
  const before = await count()
  await work()
  return (await count()) - before
}
