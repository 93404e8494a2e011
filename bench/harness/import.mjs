// Imports packages in this new process, as the module that is named first would, and tells how long it took; with --count it tells which
// files that loaded.
import { statSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MessageChannel } from 'node:worker_threads'

const isCounting = process.argv[2] === '--count'
const [from, ...packages] = process.argv.slice(isCounting ? 3 : 2)
const loaded = new Set()
if (isCounting) watchImports()

const { importHere } = await import(from)
const ownFiles = [from, import.meta.url].map((url) => fileURLToPath(url))
const start = performance.now()
for (const name of packages) await importHere(name)
const milliseconds = performance.now() - start

process.stdout.write(JSON.stringify(isCounting ? await count() : { milliseconds }))

/** Hooks run in a thread of their own and see ES modules; what is required is in the cache afterwards. */
function watchImports() {
  const { port1, port2 } = new MessageChannel()
  port1.on('message', (url) => loaded.add(fileURLToPath(url))).unref()
  const hooks = `
    let port
    export const initialize = (data) => { port = data.port }
    export const load = (url, context, next) => {
      if (url.startsWith('file:')) port.postMessage(url)
      return next(url, context)
    }`
  const data = { port: port2 }
  register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data, transferList: [port2] })
}

async function count() {
  // For the last messages of the hooks.
  await new Promise((resolve) => setTimeout(resolve, 100))
  for (const file of Object.keys(createRequire(import.meta.url).cache)) loaded.add(file)
  for (const file of ownFiles) loaded.delete(file)
  return { files: loaded.size, octets: [...loaded].reduce((sum, file) => sum + statSync(file).size, 0) }
}
