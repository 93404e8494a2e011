import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** When, where and with what it was measured. */
export function environment({ quick = false, durable = false }) {
  const [{ model }] = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${model.trim()}, ${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GB`,
    /** Processes that wanted a processor in the last minute: more than there are, and the ratios are noise. */
    load: Number(loadavg()[0].toFixed(1)),
    versions: { 'Node.js': process.versions.node },
    ...{ quick, durable },
  }
}

/** The version of a package that is installed. */
export function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url))).version
}
