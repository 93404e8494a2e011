import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { canPin } from './child.mjs'
import { versions } from './peers.mjs'

/** When, where and with what it was measured. */
export function environmentOf(node = process.execPath, effort) {
  const { stdout } = spawnSync(node, ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' })
  const { node: version, openssl } = JSON.parse(stdout)
  const { version: latchkey } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url)))
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0].model.trim()}, ${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GB`,
    /** Processes that wanted a processor in the minute before: more than none, and the figures are those of a busy machine. */
    loadBefore: Number(loadavg()[0].toFixed(1)),
    isPinned: canPin,
    node: version,
    versions: { latchkey, OpenSSL: openssl, ...versions() },
    effort,
  }
}
