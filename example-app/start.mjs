// What `npm start` runs: builds what is out of date, then starts the shop. Written so that an old Node can still say that it is too old.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = 'node_modules/typescript/lib/tsc.js'

const [major, minor] = process.versions.node.split('.').map(Number)
if (!(major > 22 || (major === 22 && minor >= 3) || (major === 20 && minor >= 19)))
  fail(`Node ${process.versions.node} cannot run it: install Node 20.19, 22.3 or later, then run npm ci && npm start`)
if (!existsSync(root + tsc)) fail('Its packages are not installed. Run: npm ci')

const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
// The build writes the declarations last: if they are there, all of it is.
const built = Object.values(exports).flatMap((entry) => entry.import?.types ?? [])
const needsBuild = isOlder(built, ['lib', 'tools/build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json'])
const sources = filesIn('example-app').filter((file) => file.endsWith('.ts'))
const compiled = sources.map((file) => file.replace(/^example-app(.*)ts$/, 'example-app/dist$1js'))
const needsCompiling = needsBuild || isOlder(compiled, ['example-app/tsconfig.json', ...sources])

if (needsCompiling) {
  console.log(`Building (about ${needsBuild ? 30 : 5} s)…`)
  try {
    for (const folder of ['', 'example-app']) accessSync(root + folder, constants.W_OK)
  } catch {
    fail(`${root} cannot be written. Copy it to a folder of your own, and run npm start there`)
  }
  if (needsBuild) run('tools/build.mjs')
  run(tsc, '--project', 'example-app', '--noEmitOnError')
}
await import('./dist/server.js')

function run(...parameters) {
  const { status } = spawnSync(process.execPath, parameters, { cwd: root, stdio: 'inherit' })
  if (status !== 0) fail('The build failed: its messages stand above')
}

function isOlder(targets, inputs) {
  const newest = Math.max(...inputs.flatMap((input) => [input, ...filesIn(input)]).map(timeOf))
  return targets.some((target) => timeOf(target) < newest)
}

/** Folders are in the list too: their time changes when something in them is deleted. */
function filesIn(place) {
  if (!statSync(root + place).isDirectory()) return []
  return readdirSync(root + place, { recursive: true }).map((file) => `${place}/${file.replaceAll('\\', '/')}`)
}

function timeOf(file) {
  return statSync(root + file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function fail(message) {
  console.error(`The shop cannot start. ${message}`)
  process.exit(1)
}
