import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** The ids of a process's children; none where the system has no /proc. */
export async function childrenOf(pid) {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(ids.map(async (id) => ((await statusOf(id))?.parent === pid ? Number(id) : [])))
  return found.flat()
}

/** Waits until none of these processes runs. One that nobody collects, as in containers without an init, has ended too. */
export async function untilGone(pids) {
  for (const pid of pids) {
    while (!['Z', 'X', undefined].includes((await statusOf(pid))?.state)) await sleep(5)
  }
}

async function statusOf(pid) {
  // The name of the program stands in parentheses, and may hold some itself.
  const fields = await readFile(`/proc/${pid}/stat`, 'utf8').then(
    (text) => text.slice(text.lastIndexOf(')') + 2).split(' '),
    () => undefined,
  )
  return fields && { state: fields[0], parent: Number(fields[1]) }
}
