import { setTimeout as sleep } from 'node:timers/promises'
import { sendToRedis } from './send-to-redis.mjs'
import { startRedis } from './start-redis.mjs'

const size = 3
const slots = 16_384
const deadlineMs = 60_000

const args = [
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000'],
  // Else the first node does not know its own address, and redirects to an empty one.
  ...['--cluster-announce-ip', '127.0.0.1'],
]

/** Starts a cluster of Redis. */
export async function startRedisCluster() {
  const nodes = []
  try {
    while (nodes.length < size) {
      const node = await startRedis({ args })
      if (!node) return undefined
      nodes.push(node)
    }
    await join(nodes)
    await untilWhole(nodes)
  } catch (error) {
    await all('stop')
    throw error
  }
  return {
    url: nodes[0].url,
    given: false,
    nodes,
    kill: () => all('kill'),
    async restart() {
      await all('restart')
      await untilWhole(nodes)
    },
    stop: () => all('stop'),
  }

  async function all(action) {
    await Promise.all(nodes.map((node) => node[action]()))
  }
}

/** Gives every node its part of the slots, and introduces the nodes to each other. */
async function join(nodes) {
  for (const [index, { url }] of nodes.entries()) {
    const first = Math.floor((index * slots) / size)
    const end = Math.floor(((index + 1) * slots) / size)
    const own = Array.from({ length: end - first }, (_, offset) => `${first + offset}`)
    await sendToRedis(url, ['CLUSTER', 'ADDSLOTS', ...own])
    // Nodes of the same epoch would first have to agree on new ones.
    await sendToRedis(url, ['CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`])
  }
  for (const { url } of nodes.slice(1)) {
    const { hostname, port } = new URL(url)
    await sendToRedis(nodes[0].url, ['CLUSTER', 'MEET', hostname, port])
  }
}

async function untilWhole(nodes) {
  const deadline = Date.now() + deadlineMs
  for (const { url } of nodes) {
    for (;;) {
      const info = await sendToRedis(url, ['CLUSTER', 'INFO'])
      if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${size}`)) break
      if (Date.now() > deadline) throw new Error(`the cluster is not whole after ${deadlineMs / 1000} s:\n${info}`)
      await sleep(20)
    }
  }
}
