import { servers } from '../servers.mjs'
import { Child } from './child.mjs'

/** Starts a server for a workload; `port` is where it listens. Pinned, it stays on the first processor. */
export async function startServer(name, workload, { keys, node, isPinned = true, nodeFlags }) {
  const { file, variant } = servers[name]
  const child = new Child('serve.mjs', { node, nodeFlags })
  try {
    const url = new URL(`../${file}`, import.meta.url).href
    const begun = await child.begin({ file: url, variant, keys, workload })
    // Not before: several may start at once, and find out how many processors there are.
    if (isPinned) child.pin(0)
    return Object.assign(child, { title: servers[name].title, ...begun })
  } catch (error) {
    await child.stop()
    throw error
  }
}
