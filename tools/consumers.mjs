// Tries the packed package as its users install it: by npm, pnpm and Yarn, from the registry, beside real versions of what they use.
// test/package does the same without a network, as far as it can.
//
//   npm run build && npm run consumers
//   npm run consumers -- jest nest
import { cp, copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { installProject, packPackage, report, run, testFolder } from './packed-package.mjs'

const latchkey = { latchkey: 'file:../latchkey.tgz' }
/** Real types for the project of test/package that has a copy. */
const theirTypes = `import type basicAuth from 'express-basic-auth'
export type IBasicAuthedRequest = basicAuth.IBasicAuthedRequest
`
/** What the entries import that bring no package of their own. */
const entries = { ...latchkey, '@opentelemetry/api': '1.10.0', 'prom-client': '15.1.3' }
const typed = { express: '5.3.0', '@types/express': '5.0.6', '@types/node': '20.19.43' }

const bundle = {
  esbuild: (program, out) => {
    const flags = ['--bundle', '--platform=node', '--format=cjs', '--minify', '--log-level=error']
    return ['node_modules/esbuild/bin/esbuild', program, ...flags, `--outfile=${join(out, 'index.cjs')}`]
  },
  webpack: (program, out) => ['webpack.cjs', program, out, 'index.cjs'],
  ncc: (program, out) => ['node_modules/@vercel/ncc/dist/ncc/cli.js', 'build', program, '--out', out, '--quiet'],
}

const consumers = {
  'npm install ./latchkey-0.1.0.tgz express': async () => {
    const app = await newFolder('npm')
    await copyFile(join(workspace, 'latchkey.tgz'), join(app, 'latchkey-0.1.0.tgz'))
    await run('npm', ['install', './latchkey-0.1.0.tgz', 'express', '--prefer-offline', '--no-audit', '--no-fund'], app)
    await node(app, '--eval', "require('latchkey'); require('express')")
  },

  'jest 30, CommonJS': async () => {
    const app = await install('jest', ['smoke', 'installs/jest'], { ...entries, jest: '30.5.2' })
    // With a handle left open it would not end.
    await node(app, 'node_modules/jest/bin/jest.js', '--ci')
  },

  'pnpm, hoist=false': async () => {
    const tool = await install('pnpm-tool', [], { pnpm: '10.34.9' })
    const app = await newFolder('pnpm', ['smoke', 'installs/strict'], { ...entries, ...typed, typescript: '5.9.3' })
    await writeFile(join(app, '.npmrc'), 'hoist=false\n')
    const pnpm = join(tool, 'node_modules/pnpm/bin/pnpm.cjs')
    await node(
      app,
      pnpm,
      'install',
      '--ignore-scripts',
      '--prefer-offline',
      `--store-dir=${join(workspace, 'pnpm-store')}`,
    )
    await node(app, 'require.cjs')
    await node(app, 'node_modules/typescript/bin/tsc', '--project', '.')
  },

  "yarn 4, Plug'n'Play": async () => {
    const tool = await install('yarn-tool', [], { '@yarnpkg/cli-dist': '4.18.1' })
    // See docs/frameworks.md: a package is shown only what the project names.
    const seen = { '@types/express-serve-static-core': '5.1.3' }
    const app = await newFolder('yarn', ['smoke', 'installs/strict'], {
      ...entries,
      ...typed,
      ...seen,
      typescript: '5.9.3',
    })
    const registry = (await run('npm', ['config', 'get', 'registry'], app)).trim()
    const settings = [
      'nodeLinker: pnp',
      `npmRegistryServer: ${registry.replace(/\/$/, '')}`,
      'enableTelemetry: false',
      'enableScripts: false',
    ]
    await writeFile(join(app, '.yarnrc.yml'), `${settings.join('\n')}\n`)
    await writeFile(join(app, 'yarn.lock'), '')
    const yarn = join(tool, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js')
    await node(app, yarn, 'install', '--no-immutable')
    await node(app, yarn, 'node', 'require.cjs')
    await node(app, yarn, 'node', 'import.mjs')
    await node(app, yarn, 'tsc', '--project', '.')
  },

  'typescript 5.0': () => compile('5.0.4', { node10: ['--moduleResolution', 'node', '--ignoreDeprecations', '5.0'] }),

  'typescript 7': () => compile('7.0.2', { node10: ['--module', 'nodenext', '--moduleResolution', 'nodenext'] }),

  'esbuild, webpack 5, ncc': async () => {
    const bundlers = { esbuild: '0.28.2', webpack: '5.113.0', '@vercel/ncc': '0.45.0' }
    const app = await install('bundles', ['installs/bundles'], { ...latchkey, express: '5.3.0', ...bundlers })
    await cp(join(testFolder, 'projects/commonjs'), join(app, 'commonjs'), { recursive: true })
    await cp(join(testFolder, 'projects/bundled'), join(app, 'bundled'), { recursive: true })
    const token = { status: 200, body: { token_type: 'Bearer', expires_in: 3600, scope: 'orders:read' } }
    const programs = {
      'bundled/server.js': { client: 200, user: 200, wrongPassword: 400, guarded: 200 },
      'commonjs/server.js': { token, orders: { status: 200, ofClient: true }, ordersWithoutToken: 401 },
      'commonjs/resource-server.js': { good: 200, bad: 401 },
      'sqlite.js': { asExpected: true },
    }
    for (const [program, expected] of Object.entries(programs)) {
      for (const [bundler, commandOf] of Object.entries(bundle)) {
        const out = await newFolder(`${bundler}-${program.replaceAll('/', '-')}`)
        await node(app, ...commandOf(program, out))
        // Nothing of node_modules is there.
        const file = ['index.cjs', 'index.mjs', 'index.js'].find((name) => existsSync(join(out, name)))
        expectPrinted(await node(out, file), expected)
      }
    }
  },

  'nest 11': async () => {
    const nest = { '@nestjs/common': '11.2.10', '@nestjs/core': '11.2.10', '@nestjs/platform-express': '11.2.10' }
    const others = { '@nestjs/passport': '11.0.5', passport: '0.7.0', rxjs: '7.8.2', 'reflect-metadata': '0.2.2' }
    const types = {
      '@types/express': '5.0.6',
      '@types/passport': '1.0.17',
      '@types/node': '20.19.43',
      typescript: '5.9.3',
    }
    const app = await install('nest', ['installs/nest'], { ...latchkey, ...nest, ...others, ...types })
    expectNoExpress(app, 'node_modules/latchkey/node_modules')
    await node(app, 'node_modules/typescript/bin/tsc', '--project', '.')
    await node(app, 'dist/main.js')
  },

  'fastify 5, without Express': async () => {
    const fastify = { fastify: '5.12.8', '@fastify/middie': '9.3.6' }
    const app = await install('fastify', ['installs/fastify'], { ...latchkey, ...fastify })
    expectNoExpress(app, 'node_modules')
    expectPrinted(await node(app, 'server.mjs'), [{ isClient: true }, 401])
  },
}

const workspace = await packPackage()
try {
  const wanted = process.argv.slice(2)
  for (const [title, work] of Object.entries(consumers)) {
    if (wanted.length > 0 && !wanted.some((word) => title.includes(word))) continue
    if (!(await report(title, work))) process.exitCode = 1
  }
} finally {
  await rm(workspace, { recursive: true })
}

/** Compiles the projects of test/package with real versions of what they stand beside, and without `skipLibCheck`. */
async function compile(version, flags) {
  const others = { 'express-oauth2-jwt-bearer': '1.10.0', 'express-basic-auth': '1.2.1' }
  const app = await install(`typescript-${version}`, [], { ...latchkey, ...typed, ...others, typescript: version })
  for (const project of ['node10', 'beside-others', 'beside-basic-auth']) {
    await cp(join(testFolder, 'projects', project), join(app, project), { recursive: true })
    if (project === 'beside-basic-auth') {
      await writeFile(join(app, project, 'express-basic-auth.d.ts'), theirTypes)
    }
    await node(app, 'node_modules/typescript/bin/tsc', '--project', project, ...(flags[project] ?? []))
  }
}

/** An app has the Express that it brings itself, or none. */
function expectNoExpress(app, folder) {
  if (existsSync(join(app, folder, 'express'))) throw new Error(`Express was installed into ${folder}`)
}

function expectPrinted(printed, expected) {
  if (printed.trim() !== JSON.stringify(expected)) throw new Error(`Not what was expected was printed: ${printed}`)
}

function install(name, folders, dependencies) {
  return installProject(workspace, name, folders, { private: true, dependencies })
}

async function newFolder(name, folders = [], dependencies) {
  const folder = join(workspace, name)
  await mkdir(folder)
  for (const each of folders) await cp(join(testFolder, each), folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
  return folder
}

function node(folder, ...parameters) {
  return run(process.execPath, parameters, folder, { seconds: 120 })
}
