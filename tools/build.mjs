// Compiles lib/ twice with plain tsc, as ESM and as CommonJS, into dist/.
import { spawn } from 'node:child_process'
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'))

const shared = [
  ...['--project', 'tsconfig.json', '--rootDir', 'lib', '--noEmitOnError', '--pretty'],
  ...['--declaration', '--declarationMap', '--sourceMap', '--inlineSources'],
]
const formats = [
  { folder: 'dist/esm', type: 'module', options: [] },
  {
    folder: 'dist/cjs',
    type: 'commonjs',
    options: ['--module', 'commonjs', '--moduleResolution', 'bundler', '--verbatimModuleSyntax', 'false'],
  },
]

await rm(join(root, 'dist'), { recursive: true, force: true })
const passes = await Promise.all(formats.map(({ folder, options }) => compile(['--outDir', folder, ...options])))
if (passes.every(({ exitCode }) => exitCode === 0)) {
  await Promise.all(formats.map(complete))
} else {
  // Most errors are found by both passes, in the same words.
  for (const output of new Set(passes.map((pass) => pass.output))) process.stderr.write(output)
  process.exitCode = 1
}

/** Runs tsc and keeps what it says: two passes that print at the same time would mix their lines. */
function compile(options) {
  const compiler = spawn(process.execPath, [tsc, ...shared, ...options], { cwd: root })
  let output = ''
  compiler.stdout.on('data', (chunk) => (output += chunk))
  compiler.stderr.on('data', (chunk) => (output += chunk))
  return new Promise((resolve, reject) => {
    compiler.once('error', reject)
    compiler.once('close', (exitCode) => resolve({ exitCode, output }))
  })
}

/** Adds to a compiled folder what tsc does not write. */
async function complete({ folder, type }) {
  // Without it Node would read dist/cjs as ESM, because of the "type" in our package.json.
  await writeFile(join(root, folder, 'package.json'), `${JSON.stringify({ type })}\n`)
  // Worker files are written in CommonJS by hand: the same file stands in both builds.
  for (const file of await readdir(join(root, 'lib'), { recursive: true })) {
    if (!file.endsWith('.cjs') && !file.endsWith('.d.cts')) continue
    const target = join(root, folder, file)
    await mkdir(dirname(target), { recursive: true })
    await copyFile(join(root, 'lib', file), target)
  }
}
