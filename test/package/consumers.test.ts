import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { installInto, installStrictly, packPackage, run, type PackedPackage } from './packed-package.js'

const require = createRequire(import.meta.url)
const tsc = require.resolve('typescript/lib/tsc.js')

let packed: PackedPackage

beforeAll(() => {
  packed = packPackage()
  return () => {
    rmSync(packed.workspace, { recursive: true })
  }
})

describe('an application in CommonJS', () => {
  // Node 22 before 22.12 and Jest cannot load an ES module by require(); with this flag no Node can.
  it.each([[[]], [['--no-experimental-require-module']]])('requires every subpath with %j (04)', (flags) => {
    const project = installInto('all-subpaths', packed)
    const subpaths = Object.keys(packed.manifest.exports ?? {}).map((subpath) => subpath.replace('.', 'latchkey'))
    const lines = subpaths.map((subpath) => `require(${JSON.stringify(subpath)})`)
    writeFileSync(join(project, 'require-all.cjs'), [...lines, "console.log('all')"].join('\n'))
    expect(subpaths.length).toBeGreaterThan(10)
    expect(run(process.execPath, [...flags, 'require-all.cjs'], project)).toBe('all\n')
  })

  it('verifies a JWT by published keys without loading an ES module (04)', () => {
    const project = installInto('commonjs', packed)
    const flags = ['--no-experimental-require-module']
    expect(JSON.parse(run(process.execPath, [...flags, 'resource-server.js'], project))).toEqual({
      good: 200,
      bad: 401,
    })
  })
})

describe('an application in TypeScript', () => {
  it('has the types of every subpath with the old resolution (16)', () => {
    const project = installInto('node10', packed)
    expect(run(process.execPath, [tsc, '--project', '.'], project)).toBe('')
  })

  it.each(['typescript', 'beside-others'])('%s compiles where a package sees only what it names (14)', (name) => {
    const project = installStrictly(name, packed)
    expect(run(process.execPath, [tsc, '--noEmit', '--project', '.'], project)).toBe('')
  })

  it.each([
    ['beside-others', 'a package that declares req.auth for every request'],
    ['beside-basic-auth', 'a package with a request type of its own, by Express.OtherAuth'],
  ])('%s compiles beside %s (15)', (name) => {
    expect(run(process.execPath, [tsc, '--project', '.'], installInto(name, packed))).toBe('')
  })

  it('no-express compiles without the types of Express (14)', () => {
    const project = installInto('no-express', packed)
    expect(readdirSync(join(project, 'node_modules/@types'))).toEqual(['node'])
    expect(run(process.execPath, [tsc, '--project', '.'], project)).toBe('')
  })
})

describe('a bundled application', () => {
  const esbuild = require.resolve('esbuild/bin/esbuild')

  it.each(['cjs', 'esm'])('as %s signs users in by password, without any file of a package (13)', (format) => {
    const project = installInto('bundled', packed)
    const outfile = `out/server.${format === 'esm' ? 'mjs' : 'cjs'}`
    // In an ES module esbuild has no require() for the dependencies that are CommonJS.
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"
    const more = format === 'esm' ? [`--banner:js=${banner}`] : []
    const flags = ['--bundle', '--platform=node', `--format=${format}`, `--outfile=${outfile}`, '--log-level=error']
    run(esbuild, ['server.js', ...flags, ...more], project)
    // Nothing of node_modules is there where a bundle runs.
    rmSync(join(project, 'node_modules'), { recursive: true })
    expect(JSON.parse(run(process.execPath, [outfile], project))).toEqual({
      client: 200,
      user: 200,
      wrongPassword: 400,
      guarded: 200,
    })
  })
})
