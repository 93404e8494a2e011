// The other packages, and another Node.js: they have a package.json and a lockfile of their own, and are installed when first needed.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { note } from './progress.mjs'

const folder = new URL('../peers/', import.meta.url)
const { dependencies, optionalDependencies } = json('package.json')

export function installPeers() {
  if (Object.entries(dependencies).every(([name, version]) => installedVersion(name) === version)) return
  note('Installing the packages that latchkey is compared with (npm ci in bench/peers), about half a minute')
  // None of them needs its install script.
  const options = { cwd: fileURLToPath(folder), stdio: ['ignore', 'ignore', 'inherit'] }
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], options)
  if (status !== 0) note('That failed: only what needs none of them can be measured')
}

/** A path as it is; a version like `24` is the Node.js of that alias among the peers. */
export function nodeBinary(wanted) {
  if (wanted === undefined || !/^\d+$/.test(wanted)) return wanted
  const path = fileURLToPath(new URL(`node_modules/node-${wanted}/bin/node`, folder))
  if (existsSync(path)) return path
  throw new Error(`There is no Node.js ${wanted} in bench/peers: give the path of one, --node /path/to/node`)
}

/** Of all peers that are there, and of what the repository itself has. */
export function versions() {
  const names = Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !/^node-\d/.test(name))
  return Object.fromEntries(names.map((name) => [name, installedVersion(name)]).filter((entry) => entry[1]))
}

function installedVersion(name) {
  const file = `node_modules/${name}/package.json`
  return existsSync(new URL(file, folder)) ? json(file).version : undefined
}

function json(file) {
  return JSON.parse(readFileSync(new URL(file, folder)))
}
