// Runs the packed package on each Node.js that `engines` names, on the oldest of each line and on the newest: every entry by require()
// and by import, sign-ins with two stores, guards here and at a resource server. Takes the versions of Node.js from npm.
//
//   npm run build && npm run node-matrix
//   npm run node-matrix -- 24 26.0.0
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { installProject, packPackage, report, run } from './packed-package.mjs'

const supported = ['20.19.0', '20', '22.3.0', '22.12.0', '22', '24', '26']
/** Has no `crypto.hash`: the package must say what it needs. */
const tooOld = '18'
const versions = process.argv.slice(2)

const workspace = await packPackage()
try {
  const dependencies = { latchkey: 'file:../latchkey.tgz', '@opentelemetry/api': '1.10.0', 'prom-client': '15.1.3' }
  const app = await installProject(workspace, 'app', ['smoke'], { private: true, dependencies })
  for (const version of versions.length > 0 ? versions : supported) {
    const worked = await report(`Node.js ${version}`, async () => {
      const node = await installNode(version)
      // No require() of an ES module, which some of them can and some cannot.
      await run(node, [...(await flagsOf(node)), 'require.cjs'], app)
      await run(node, ['import.mjs'], app)
    })
    if (!worked) process.exitCode = 1
  }
  if (versions.length === 0) {
    const worked = await report(`Node.js ${tooOld} is told to be too old`, async () => {
      const node = await installNode(tooOld)
      for (const program of ['require.cjs', 'import.mjs']) {
        const said = await run(node, [program], app).catch((error) => error.message)
        if (!said.includes('latchkey needs Node.js 20.19 or later, and this is v')) throw new Error(said)
      }
    })
    if (!worked) process.exitCode = 1
  }
} finally {
  await rm(workspace, { recursive: true })
}

async function installNode(version) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const manifest = { private: true, dependencies: { [name]: version } }
  const folder = await installProject(workspace, `node-${version}`, [], manifest)
  return join(folder, 'node_modules', name, 'bin/node')
}

async function flagsOf(node) {
  const flag = '--no-experimental-require-module'
  const canRequire = await run(
    node,
    ['-p', 'process.allowedNodeEnvironmentFlags.has("--experimental-require-module")'],
    workspace,
  )
  return canRequire.trim() === 'true' ? [flag] : []
}
