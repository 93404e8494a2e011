import { fileURLToPath } from 'node:url'
import { servers } from '../servers.mjs'
import { Child } from './child.mjs'

/** Starts a server for a workload; `port` is where it listens. */
export async function startServer(name, workload, { keys, node, core = 0, nodeFlags, environment }) {
  const { file, variant } = servers[name]
  const child = new Child('serve.mjs', { core, node, nodeFlags, environment })
  try {
    const url = new URL(`../${file}`, import.meta.url).href
    const begun = await child.begin({ file: url, variant, keys, workload })
    return Object.assign(child, { title: servers[name].title, ...begun, file: fileURLToPath(url) })
  } catch (error) {
    await child.stop()
    throw error
  }
}
