// Builds dist/: one JavaScript file for each entry of package.json, as an ES module and as CommonJS, with what they share in
// chunks, so that each format has every class once. The declarations are bundled once, for both.
import { spawn } from 'node:child_process'
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode, encode } from '@jridgewell/sourcemap-codec'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'

const root = fileURLToPath(new URL('..', import.meta.url))
const lib = join(root, 'lib')
const dist = join(root, 'dist')
const declarations = join(dist, 'declarations')
const tsc = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'))

await rm(dist, { recursive: true, force: true })
// At the same time: the compiler takes ten times as long as both bundles.
const [wellTyped] = await Promise.all([writeDeclarations(), bundle('esm'), bundle('cjs'), copyFiles()])
if (wellTyped) await bundleDeclarations()
else await rm(dist, { recursive: true })
await rm(declarations, { recursive: true, force: true })

/** `index`, `stores/memory/index`, …: the places of the entries in `dist/esm`, which are those of their sources in `lib`. */
async function entries() {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => relative('dist/esm', target.import.default).replace(/\.js$/, ''))
}

async function bundle(format) {
  const input = Object.fromEntries((await entries()).map((entry) => [entry, join(lib, `${entry}.ts`)]))
  const bundled = await rolldown({
    input,
    platform: 'node',
    transform: { target: 'es2022' },
    external: (id) => !id.startsWith('.') && !id.startsWith(lib),
    plugins: [inlineWorkers(), keepCommonJs()],
    // Without a comment above each part: the source map names its file.
    experimental: { attachDebugInfo: 'none' },
    onLog: fail,
  })
  const { output } = await bundled.write({
    dir: join(dist, format),
    format,
    esModule: true,
    chunkFileNames: 'chunks/[name].js',
    // Jest has no import() in CommonJS.
    dynamicImportInCjs: false,
    comments: { jsdoc: false },
    // The sources themselves would be more than half of the package. With `--enable-source-maps` a stack names their lines.
    sourcemap: format === 'esm',
    sourcemapExcludeSources: true,
  })
  for (const { map, sourcemapFileName, code } of output) {
    if (map) await writeLines(map, code.split('\n'), join(dist, format, sourcemapFileName))
  }
}

/** Writes a source map that knows the line of every statement, and not each word in it: a third of its size. No stack names a bracket. */
async function writeLines({ version, file, sources, mappings }, code, target) {
  const lines = decode(mappings).map((line, number) =>
    /\w/.test(code[number]) ? line.filter((segment) => segment.length > 1).slice(0, 1) : [],
  )
  const map = {
    version,
    file,
    names: [],
    sources,
    mappings: encode(lines.map(([first]) => (first ? [first.slice(0, 4)] : []))),
  }
  await writeFile(target, JSON.stringify(map))
}

/** Workers become text in the bundle, with what they require: a bundle that users make of ours has no file for them. */
function inlineWorkers() {
  return {
    name: 'inline-workers',
    resolveId(source, importer) {
      // Under a name that does not look like CommonJS: what is loaded for it is an ES module.
      return importer && source.endsWith('-worker.cjs') ? `\0worker:${join(dirname(importer), source)}.js` : undefined
    },
    async load(id) {
      const file = /^\0worker:(.+)\.js$/.exec(id)?.[1]
      if (file === undefined) return undefined
      const worker = await rolldown({ input: file, platform: 'node', onLog: fail })
      const { output } = await worker.generate({ format: 'cjs', minify: true, comments: { legal: true } })
      return `export const workerCode = ${JSON.stringify(output[0].code)}`
    },
  }
}

/** Files written in CommonJS by hand stay files in both formats: their `require` is a real one. */
function keepCommonJs() {
  return {
    name: 'keep-commonjs',
    resolveId(source, importer) {
      return importer && source.endsWith('.cjs')
        ? { id: join(dirname(importer), source), external: 'relative' }
        : undefined
    },
  }
}

async function copyFiles() {
  for (const [folder, type] of Object.entries({ esm: 'module', cjs: 'commonjs' })) {
    await mkdir(join(dist, folder), { recursive: true })
    // Without it Node would read dist/cjs as ESM, because of the "type" in our package.json.
    await writeFile(join(dist, folder, 'package.json'), `${JSON.stringify({ type })}\n`)
    for (const file of await handWritten('.cjs')) {
      if (!file.endsWith('-worker.cjs')) await copy(file, join(dist, folder))
    }
  }
  // Its code is a part of ours, as text.
  await copyFile(join(root, 'node_modules/bcryptjs/LICENSE'), join(dist, 'LICENSE-bcryptjs'))
}

/** Returns whether the sources have no type errors. */
async function writeDeclarations() {
  for (const file of await handWritten('.d.cts')) await copy(file, declarations)
  const options = ['--project', 'tsconfig.json', '--rootDir', 'lib', '--noEmitOnError', '--pretty']
  const output = ['--declaration', '--emitDeclarationOnly', '--outDir', declarations]
  const compiler = spawn(process.execPath, [tsc, ...options, ...output], { cwd: root, stdio: 'inherit' })
  const exitCode = await new Promise((resolve, reject) => {
    compiler.once('error', reject)
    compiler.once('close', resolve)
  })
  if (exitCode !== 0) process.exitCode = 1
  return exitCode === 0
}

/** The declarations for CommonJS, and those for ESM that export the same: a type is one, however its package is loaded. */
async function bundleDeclarations() {
  const places = await entries()
  const bundled = await rollup({
    input: Object.fromEntries(places.map((entry) => [entry, join(declarations, `${entry}.d.ts`)])),
    external: (id) => !id.startsWith('.') && !id.startsWith(declarations),
    plugins: [dts()],
    onLog(level, log) {
      // Private types stay private: nobody has to name one.
      if (!log.message.includes('references private shared type exports')) fail(level, log)
    },
  })
  await bundled.write({
    dir: join(dist, 'cjs'),
    entryFileNames: '[name].d.ts',
    chunkFileNames: ({ name }) => `types/${name.replace(/\.d$/, '')}.d.ts`,
  })
  for (const entry of places) {
    const target = join(dist, 'esm', `${entry}.d.ts`)
    const source = relative(dirname(target), join(dist, 'cjs', `${entry}.js`))
    await writeFile(target, `export * from '${source}'\n`)
  }
}

async function handWritten(ending) {
  return (await readdir(lib, { recursive: true })).filter((file) => file.endsWith(ending))
}

async function copy(file, folder) {
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await copyFile(join(lib, file), join(folder, file))
}

/** A bundler's warning is an error: what it warns of would fail at a user's. */
function fail(level, log) {
  if (level === 'warn') throw new Error(log.message, { cause: log })
}
